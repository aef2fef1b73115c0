const turn = (word: number, places: number) => (word << places) | (word >>> (32 - places))

/** One step of SHA-1: the chaining state after a block of 64 octets, words big-endian (RFC 3174 §6.1). */
export function sha1Compress(state: Buffer, block: Buffer): Buffer {
  const words = Array.from({length: 16}, (_, index) => block.readInt32BE(index * 4))
  for (let t = 16; t < 80; t += 1)
    words.push(turn((words[t - 3] ?? 0) ^ (words[t - 8] ?? 0) ^ (words[t - 14] ?? 0) ^ (words[t - 16] ?? 0), 1))
  const before = [0, 4, 8, 12, 16].map((at) => state.readInt32BE(at))
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = before
  for (let t = 0; t < 80; t += 1) {
    const [mixed, constant] = mix(t, b, c, d)
    const next = (turn(a, 5) + mixed + e + (words[t] ?? 0) + constant) | 0
    ;[a, b, c, d, e] = [next, a, turn(b, 30), c, d]
  }
  const after = Buffer.alloc(20)
  ;[a, b, c, d, e].forEach((word, index) => {
    after.writeInt32BE((word + (before[index] ?? 0)) | 0, index * 4)
  })
  return after
}

function mix(t: number, b: number, c: number, d: number): readonly [number, number] {
  if (t < 20) return [(b & c) | (~b & d), 0x5a827999]
  if (t < 40) return [b ^ c ^ d, 0x6ed9eba1]
  if (t < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
  return [b ^ c ^ d, 0xca62c1d6]
}
