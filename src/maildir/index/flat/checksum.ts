import * as zlib from 'node:zlib'

/** Newer than the oldest Node that we run on; a namespace import does not fail where it is missing. */
const native: ((data: Buffer, value?: number) => number) | undefined = (zlib as {crc32?: (data: Buffer, value?: number) => number}).crc32

function makeTable(): Uint32Array {
  const table = new Uint32Array(256)
  for (let octet = 0; octet < 256; octet += 1) {
    let value = octet
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    table[octet] = value >>> 0
  }
  return table
}

const TABLE = makeTable()

/** CRC-32 in plain JavaScript (RFC 1952 §8), for a Node without `zlib.crc32`. */
export function tableCrc32(data: Uint8Array, value = 0): number {
  let crc = ~value
  for (const octet of data) crc = (crc >>> 8) ^ (TABLE[(crc ^ octet) & 0xff] ?? 0)
  return ~crc >>> 0
}

/** CRC-32 of octets, going on from `value`. */
export function crc32(data: Buffer, value = 0): number {
  // For nothing, zlib begins anew where the buffer has no memory of its own.
  if (data.length === 0) return value
  return native ? native(data, value) : tableCrc32(data, value)
}
