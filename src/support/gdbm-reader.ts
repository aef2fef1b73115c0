import {type FileHandle, open} from 'node:fs/promises'
import {Fault} from './fault.js'
import {BUCKET, ELEMENT, GDBM_MAGIC, GDBM_MAGIC_EXTENDED, HEADER, NO_HASH} from './gdbm-form.js'

const HEADER_OCTETS = 48
/** Longest directory and bucket that are read: a damaged file may say anything. */
const MAX_DIRECTORY_OCTETS = 64 * 1024 * 1024
const MAX_BUCKET_OCTETS = 1024 * 1024
const MAX_RECORD_OCTETS = 8 * 1024 * 1024

/** Whether the file begins as a GDBM file with 64-bit offsets; false when it is missing, empty or a directory too. */
export async function isGdbm(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return false
  try {
    const magic = await read(file, 0, 4)
    return magic.length === 4 && isKnown(magic.readInt32LE(0))
  } catch {
    // A directory.
    return false
  } finally {
    await file.close()
  }
}

function isKnown(magic: number): boolean {
  return magic === GDBM_MAGIC || magic === GDBM_MAGIC_EXTENDED
}

/**
 * All records of a GDBM file, in the order of its buckets. Octets, one character for each.
 *
 * @throws {Fault} `unavailable` when the file is of another form or damaged; system errors as they are
 */
export async function* readGdbm(path: string): AsyncGenerator<readonly [key: string, value: string]> {
  const file = await open(path, 'r')
  try {
    yield* recordsOf(file, path)
  } finally {
    await file.close()
  }
}

async function* recordsOf(file: FileHandle, path: string): AsyncGenerator<readonly [key: string, value: string]> {
  const damaged = (what: string) => new Fault('unavailable', `"${path}" is damaged: ${what}`)
  const header = await read(file, 0, HEADER_OCTETS)
  if (header.length < HEADER_OCTETS || !isKnown(header.readInt32LE(HEADER.magic))) {
    throw new Fault('unavailable', `"${path}" is no GDBM file of this kind of machine`)
  }
  const {size} = await file.stat()
  const directorySize = header.readInt32LE(HEADER.directorySize)
  const bucketSize = header.readInt32LE(HEADER.bucketSize)
  const elements = header.readInt32LE(HEADER.bucketElements)
  if (directorySize < 8 || directorySize % 8 !== 0 || directorySize > MAX_DIRECTORY_OCTETS) throw damaged('its directory')
  if (bucketSize > MAX_BUCKET_OCTETS || elements < 1 || BUCKET.elements + elements * ELEMENT.size > bucketSize) throw damaged('its buckets')
  const directory = await read(file, Number(header.readBigInt64LE(HEADER.directory)), directorySize)
  if (directory.length < directorySize) throw damaged('its directory')
  let before = -1n
  let left = Math.floor(size / bucketSize)
  for (let entry = 0; entry < directorySize; entry += 8) {
    const at = directory.readBigInt64LE(entry)
    if (at === before) continue
    before = at
    left -= 1
    if (left < 0) throw damaged('its directory')
    const bucket = await read(file, Number(at), bucketSize)
    if (bucket.length < bucketSize) throw damaged('a bucket')
    for (let index = 0; index < elements; index += 1) {
      const element = BUCKET.elements + index * ELEMENT.size
      if (bucket.readInt32LE(element) === NO_HASH) continue
      const keySize = bucket.readInt32LE(element + ELEMENT.keySize)
      const valueSize = bucket.readInt32LE(element + ELEMENT.valueSize)
      if (keySize < 0 || valueSize < 0 || keySize + valueSize > MAX_RECORD_OCTETS) throw damaged('a record')
      const octets = await read(file, Number(bucket.readBigInt64LE(element + ELEMENT.offset)), keySize + valueSize)
      if (octets.length < keySize + valueSize) throw damaged('a record')
      yield [octets.toString('latin1', 0, keySize), octets.toString('latin1', keySize)]
    }
  }
}

/** As much as the file has there; nothing when there can be nothing. */
async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (position < 0 || !Number.isSafeInteger(position)) return Buffer.alloc(0)
  const octets = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const {bytesRead} = await file.read(octets, done, length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return octets.subarray(0, done)
}
