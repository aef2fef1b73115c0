/** Tables for four octets at a time; a tool that checks two small files would spend as long on loading `node:zlib`, which loads streams. */
let tables: readonly [Int32Array, Int32Array, Int32Array, Int32Array] | undefined

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = Int32Array.from({length: 256}, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value
  })
  const next = (table: Int32Array) => table.map((value) => first[value & 0xff]! ^ (value >>> 8))
  const second = next(first)
  const third = next(second)
  return [first, second, third, next(third)]
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** CRC-32 as `node:zlib` has it, for a few kilobytes. `before`: of what comes before them. */
export function crc32(octets: Buffer, before = 0): number {
  tables ??= makeTables()
  const [first, second, third, fourth] = tables
  const isAligned = LITTLE_ENDIAN && (octets.byteOffset & 3) === 0
  const words = new Int32Array(octets.buffer, isAligned ? octets.byteOffset : 0, isAligned ? octets.length >> 2 : 0)
  let crc = ~before
  for (let at = 0; at < words.length; at += 1) {
    const word = crc ^ words[at]!
    crc = fourth[word & 0xff]! ^ third[(word >>> 8) & 0xff]! ^ second[(word >>> 16) & 0xff]! ^ first[word >>> 24]!
  }
  for (let at = words.length * 4; at < octets.length; at += 1) crc = first[(crc ^ octets[at]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}
