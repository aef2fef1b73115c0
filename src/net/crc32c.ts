/** CRC-32C (Castagnoli), which the PROXY protocol's headers may carry; `node:zlib` has the other one. */
const TABLE = Uint32Array.from({length: 256}, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

export function crc32c(octets: Buffer): number {
  let crc = 0xffffffff
  for (const octet of octets) crc = TABLE[(crc ^ octet) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
