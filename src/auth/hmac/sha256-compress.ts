const turn = (word: number, places: number) => (word >>> places) | (word << (32 - places))

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (RFC 6234 §5.1). */
const CONSTANTS = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

/** One step of SHA-256: the chaining state after a block of 64 octets, words big-endian (RFC 6234 §6.2). */
export function sha256Compress(state: Buffer, block: Buffer): Buffer {
  const words = schedule(block)
  const before = Array.from({length: 8}, (_, index) => state.readInt32BE(index * 4))
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = before
  for (let t = 0; t < 64; t += 1) {
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + (CONSTANTS[t] ?? 0) + (words[t] ?? 0)
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
    ;[a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g]
  }
  const after = Buffer.alloc(32)
  ;[a, b, c, d, e, f, g, h].forEach((word, index) => {
    after.writeInt32BE((word + (before[index] ?? 0)) | 0, index * 4)
  })
  return after
}

function schedule(block: Buffer): number[] {
  const words = Array.from({length: 16}, (_, index) => block.readInt32BE(index * 4))
  for (let t = 16; t < 64; t += 1) {
    const [early, late] = [words[t - 15] ?? 0, words[t - 2] ?? 0]
    const small = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)
    const large = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10)
    words.push((large + (words[t - 7] ?? 0) + small + (words[t - 16] ?? 0)) | 0)
  }
  return words
}
