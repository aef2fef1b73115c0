import {type FileHandle, open} from 'node:fs/promises'
import {Fault} from './fault.js'
import {availableEntries, BUCKET, bucketElements, ELEMENT, GDBM_MAGIC, gdbmHash, HASH_BITS, HEADER, NO_HASH} from './gdbm-form.js'

const BLOCK = 4096
const ELEMENTS = bucketElements(BLOCK)
/** A directory of one block. */
const LEAST_DIRECTORY_BITS = 9
/** 4 million buckets: more would be the work of names that were made to have one hash. */
const MOST_BUCKET_BITS = 22
const SLAB = 1024 * 1024

export interface GdbmOptions {
  /** Replaced; give it a temporary name and rename it. */
  readonly path: string
  readonly mode: number
  /** Every record once, the same in the same order each time; keys differ. Octets, one character for each. */
  readonly records: () => Iterable<readonly [key: string, value: string]>
}

/**
 * Writes a GDBM database in one go, as libgdbm reads and extends it (`spec/auth.md` §29), and brings it to disk. The records
 * are gone through twice; only hashes and buckets are held in memory, about 70 octets for each.
 *
 * Computes for long stretches: for command-line tools and threads of their own.
 *
 * @throws {Fault} `too-large` when more keys have one hash than the form can hold
 */
export async function writeGdbm({path, mode, records}: GdbmOptions): Promise<void> {
  const hashes = hashesOf(records)
  const bits = bucketBits(hashes)
  const layout = layoutFor(bits)
  const file = await open(path, 'w', mode)
  try {
    const buckets = emptyBuckets(bits)
    const end = await writeData({file, buckets, layout, hashes, records})
    const nextBlock = Math.ceil(end / BLOCK) * BLOCK
    await file.truncate(nextBlock)
    await writeAt(file, buckets, layout.buckets)
    await writeAt(file, directory(layout), layout.directory)
    await writeAt(file, header(layout, nextBlock), 0)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
}

interface Layout {
  readonly bucketBits: number
  readonly directoryBits: number
  /** Offsets. */
  readonly directory: number
  readonly buckets: number
  readonly data: number
}

function layoutFor(bucketBits: number): Layout {
  const directoryBits = Math.max(LEAST_DIRECTORY_BITS, bucketBits)
  const buckets = BLOCK + 8 * 2 ** directoryBits
  return {bucketBits, directoryBits, directory: BLOCK, buckets, data: buckets + BLOCK * 2 ** bucketBits}
}

function hashesOf(records: GdbmOptions['records']): Int32Array {
  let hashes = new Int32Array(1024)
  let count = 0
  for (const [key] of records()) {
    if (count === hashes.length) {
      const larger = new Int32Array(count * 2)
      larger.set(hashes)
      hashes = larger
    }
    hashes[count] = gdbmHash(Buffer.from(key, 'latin1'))
    count += 1
  }
  return hashes.subarray(0, count)
}

/** How many of the first bits tell buckets apart, so that each holds its records. */
function bucketBits(hashes: Int32Array): number {
  for (let bits = 0; bits <= MOST_BUCKET_BITS; bits += 1) {
    if (hashes.length > ELEMENTS * 2 ** bits) continue
    if (fitsInto(bits, hashes)) return bits
  }
  throw new Fault('too-large', `More than ${ELEMENTS} names have one hash: a GDBM file cannot hold them`)
}

function fitsInto(bits: number, hashes: Int32Array): boolean {
  const counts = new Uint32Array(2 ** bits)
  for (const hash of hashes) {
    const count = (counts[bucketOf(hash, bits)] ?? 0) + 1
    if (count > ELEMENTS) return false
    counts[bucketOf(hash, bits)] = count
  }
  return true
}

function bucketOf(hash: number, bits: number): number {
  return hash >>> (HASH_BITS - bits)
}

function emptyBuckets(bits: number): Buffer {
  const buckets = Buffer.alloc(BLOCK * 2 ** bits)
  for (let bucket = 0; bucket < buckets.length; bucket += BLOCK) {
    buckets.writeInt32LE(bits, bucket + BUCKET.bits)
    for (let index = 0; index < ELEMENTS; index += 1) buckets.writeInt32LE(NO_HASH, bucket + BUCKET.elements + index * ELEMENT.size)
  }
  return buckets
}

interface DataOptions {
  readonly file: FileHandle
  /** Gets an element for each record. */
  readonly buckets: Buffer
  readonly layout: Layout
  readonly hashes: Int32Array
  readonly records: GdbmOptions['records']
}

/** Writes keys and values one after the other. @returns the end of the last one */
async function writeData({file, buckets, layout, hashes, records}: DataOptions): Promise<number> {
  let slab: Buffer[] = []
  let slabOctets = 0
  let written = layout.data
  let index = 0
  for (const [key, value] of records()) {
    const octets = Buffer.from(key + value, 'latin1')
    const element = {hash: hashes[index] ?? 0, offset: written + slabOctets, keySize: key.length, valueSize: value.length}
    addElement(buckets, bucketOf(element.hash, layout.bucketBits) * BLOCK, octets, element)
    index += 1
    slab.push(octets)
    slabOctets += octets.length
    if (slabOctets < SLAB) continue
    await writeAt(file, Buffer.concat(slab), written)
    written += slabOctets
    slab = []
    slabOctets = 0
  }
  await writeAt(file, Buffer.concat(slab), written)
  return written + slabOctets
}

interface Element {
  readonly hash: number
  readonly offset: number
  readonly keySize: number
  readonly valueSize: number
}

/** The first free place from the hash's on. */
function addElement(buckets: Buffer, bucket: number, octets: Buffer, {hash, offset, keySize, valueSize}: Element): void {
  let place = hash % ELEMENTS
  const at = () => bucket + BUCKET.elements + place * ELEMENT.size
  while (buckets.readInt32LE(at()) !== NO_HASH) place = (place + 1) % ELEMENTS
  buckets.writeInt32LE(hash, at())
  octets.copy(buckets, at() + ELEMENT.keyStart, 0, Math.min(4, keySize))
  buckets.writeBigInt64LE(BigInt(offset), at() + ELEMENT.offset)
  buckets.writeInt32LE(keySize, at() + ELEMENT.keySize)
  buckets.writeInt32LE(valueSize, at() + ELEMENT.valueSize)
  buckets.writeInt32LE(buckets.readInt32LE(bucket + BUCKET.count) + 1, bucket + BUCKET.count)
}

function directory({directoryBits, bucketBits: bits, buckets}: Layout): Buffer {
  const table = Buffer.alloc(8 * 2 ** directoryBits)
  for (let entry = 0; entry < 2 ** directoryBits; entry += 1) {
    table.writeBigInt64LE(BigInt(buckets + BLOCK * (entry >>> (directoryBits - bits))), entry * 8)
  }
  return table
}

function header({directory: at, directoryBits}: Layout, nextBlock: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.writeInt32LE(GDBM_MAGIC, HEADER.magic)
  block.writeInt32LE(BLOCK, HEADER.blockSize)
  block.writeBigInt64LE(BigInt(at), HEADER.directory)
  block.writeInt32LE(8 * 2 ** directoryBits, HEADER.directorySize)
  block.writeInt32LE(directoryBits, HEADER.directoryBits)
  block.writeInt32LE(BLOCK, HEADER.bucketSize)
  block.writeInt32LE(ELEMENTS, HEADER.bucketElements)
  block.writeBigInt64LE(BigInt(nextBlock), HEADER.nextBlock)
  block.writeInt32LE(availableEntries(BLOCK), HEADER.availableSize)
  return block
}

async function writeAt(file: FileHandle, octets: Buffer, position: number): Promise<void> {
  for (let at = 0; at < octets.length; ) at += (await file.write(octets, at, octets.length - at, position + at)).bytesWritten
}
