/** The form of a GDBM file with 64-bit offsets, little-endian (`spec/auth.md` §29). All numbers are octets unless they say otherwise. */

export const GDBM_MAGIC = 0x13579acf
/** With an extended header, which readers need not know. */
export const GDBM_MAGIC_EXTENDED = 0x13579ad1

export const HEADER = {
  magic: 0,
  blockSize: 4,
  directory: 8,
  directorySize: 16,
  directoryBits: 20,
  bucketSize: 24,
  bucketElements: 28,
  nextBlock: 32,
  availableSize: 40,
} as const

export const BUCKET = {bits: 104, count: 108, elements: 112} as const
export const ELEMENT = {hash: 0, keyStart: 4, offset: 8, keySize: 16, valueSize: 20, size: 24} as const
/** In the place of a hash: nothing is here. */
export const NO_HASH = -1
/** Bits of a hash. */
export const HASH_BITS = 31

/** Records that fit into a bucket. */
export function bucketElements(blockSize: number): number {
  return Math.floor((blockSize - 136) / ELEMENT.size) + 1
}

export function availableEntries(blockSize: number): number {
  return Math.floor((blockSize - 72) / 16) + 1
}

/** The hash of a key: 31 bits. Octets count as signed. */
export function gdbmHash(key: Buffer): number {
  let value = Math.imul(0x238f13af, key.length)
  for (let index = 0; index < key.length; index += 1) {
    const octet = ((key[index] ?? 0) << 24) >> 24
    value = (value + (octet << ((index * 5) % 24))) & 0x7fffffff
  }
  return (Math.imul(1103515243, value) + 12345) & 0x7fffffff
}
