const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const

/** One step of MD5: the chaining state after a block of 64 octets, words little-endian (RFC 1321 §3.4). */
export function md5Compress(state: Buffer, block: Buffer): Buffer {
  const before = [0, 4, 8, 12].map((at) => state.readInt32LE(at))
  let [a = 0, b = 0, c = 0, d = 0] = before
  for (let step = 0; step < 64; step += 1) {
    const round = step >> 4
    const [mixed, word] = mix(round, step, b, c, d)
    const constant = Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32)
    const sum = (a + mixed + constant + block.readInt32LE(word * 4)) | 0
    const shift = SHIFTS[round]?.[step & 3] ?? 0
    ;[a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0]
  }
  const after = Buffer.alloc(16)
  ;[a, b, c, d].forEach((word, index) => {
    after.writeInt32LE((word + (before[index] ?? 0)) | 0, index * 4)
  })
  return after
}

/** The function of the round and the number of the word that is added. */
function mix(round: number, step: number, b: number, c: number, d: number): readonly [number, number] {
  if (round === 0) return [(b & c) | (~b & d), step]
  if (round === 1) return [(d & b) | (~d & c), (5 * step + 1) & 15]
  if (round === 2) return [b ^ c ^ d, (3 * step + 5) & 15]
  return [c ^ (b | ~d), (7 * step) & 15]
}
