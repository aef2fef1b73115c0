/**
 * File calls of the index. The cache is always a local disk, its files are ours alone, and what is read comes from the
 * page cache nearly always: so calls run on the loop, in pieces small enough not to be felt. Links are not followed.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
  writev,
} from 'node:fs'
import {promisify} from 'node:util'
import {errnoOf} from '../../../support/fault.js'
import type {Slab} from '../slab.js'

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const PIECE_BYTES = 1024 * 1024

const writeLater = promisify(writev)

function withFile<T>(path: string, flags: number, use: (descriptor: number, size: number) => T): T {
  const descriptor = openSync(path, flags, 0o600)
  try {
    const facts = fstatSync(descriptor)
    if (!facts.isFile()) throw Object.assign(new Error(`"${path}" is no plain file`), {code: 'EISDIR'})
    return use(descriptor, facts.size)
  } finally {
    closeSync(descriptor)
  }
}

/** Gives a stretch of a file, in memory of its own (typed arrays can lie in it); shorter where the file ends. */
export type PartReader = (start: number, length: number) => ArrayBuffer

/** Reads parts of a file; undefined when there is none. */
export function readParts<T>(path: string, limitBytes: number, use: (part: PartReader, size: number) => T): T | undefined {
  return ifThere(() =>
    withFile(path, READ, (descriptor, size) => {
      if (size > limitBytes) throw Object.assign(new Error(`"${path}" is too large`), {code: 'EFBIG'})
      return use((start, length) => partOf(descriptor, start, Math.max(0, Math.min(length, size - start))), size)
    }),
  )
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** All octets of a file; undefined when there is none. */
export function readWhole(path: string, limitBytes: number): ArrayBuffer | undefined {
  return readParts(path, limitBytes, (part, size) => part(0, size))
}

/** Fills a buffer from a place in a file. False: the file ends before, or there is none. */
export function readInto(path: string, start: number, into: Buffer): boolean {
  return ifThere(() => withFile(path, READ, (descriptor) => filledBytes(descriptor, into, start))) === into.length
}

/** Fills a buffer from a place in a file, as far as the file goes. */
function filledBytes(descriptor: number, into: Uint8Array, start: number): number {
  let filled = 0
  for (let got = -1; filled < into.length && got !== 0; filled += got)
    got = readSync(descriptor, into, filled, into.length - filled, start + filled)
  return filled
}

function partOf(descriptor: number, start: number, length: number): ArrayBuffer {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  const filled = filledBytes(descriptor, bytes, start)
  return filled === length ? bytes.buffer : bytes.buffer.slice(0, filled)
}

/** A stretch of a file; shorter where the file ends. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/** Stretches of a file, each in a buffer; they lie in `slab`. */
export function readRanges(path: string, ranges: readonly FileRange[], slab: Slab): Buffer[] {
  const room = slab.take(ranges.reduce((sum, {start, end}) => sum + end - start, 0))
  let at = 0
  return withFile(path, READ, (descriptor) =>
    ranges.map(({start, end}) => {
      const buffer = room.subarray(at, at + end - start)
      at += buffer.length
      return buffer.subarray(0, filledBytes(descriptor, buffer, start))
    }),
  )
}

/** Writes at the end of a file that must be as long as it was left. False: it is not, somebody else was there. */
export function appendAt(path: string, expectedBytes: number, data: Buffer): boolean {
  return withFile(path, WRITE, (descriptor, size) => {
    if (size !== expectedBytes) return false
    let at = 0
    try {
      while (at < data.length) at += writeSync(descriptor, data, at, Math.min(PIECE_BYTES, data.length - at), expectedBytes + at)
    } catch (error) {
      try {
        ftruncateSync(descriptor, expectedBytes)
      } catch {
        // a torn end is noticed when it is read
      }
      throw error
    }
    return true
  })
}

/** Puts a file in the place of another; what is written goes through the thread pool, all at once. */
export async function replaceFile(path: string, data: readonly Buffer[]): Promise<void> {
  const temporary = `${path}.new`
  removeFile(temporary)
  const descriptor = openSync(temporary, CREATE, 0o600)
  try {
    await writeAll(descriptor, data)
  } catch (error) {
    removeFile(temporary)
    throw error
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, path)
}

async function writeAll(descriptor: number, data: readonly Buffer[]): Promise<void> {
  let rest = data.filter(({length}) => length > 0)
  while (rest.length > 0) {
    let {bytesWritten: left} = await writeLater(descriptor, rest)
    const next = rest.findIndex(({length}) => {
      left -= length
      return left < 0
    })
    // A disk that is nearly full takes a part.
    const [cut, ...others] = next < 0 ? [] : rest.slice(next)
    rest = cut ? [cut.subarray(cut.length + left), ...others] : []
  }
}

export function sizeOf(path: string): number {
  return statSync(path, {throwIfNoEntry: false})?.size ?? -1
}

/** Makes a small file that must not exist yet. @throws {Error} `EEXIST` */
export function createFile(path: string, text: string): void {
  const descriptor = openSync(path, CREATE, 0o600)
  try {
    writeSync(descriptor, text)
  } finally {
    closeSync(descriptor)
  }
}

/** A second name for a file. False: there is a file of that name. */
export function linkFile(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

export function moveFile(from: string, to: string): void {
  renameSync(from, to)
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** Removes a directory with all in it, or a file. */
export function removeAll(path: string): void {
  rmSync(path, {recursive: true, force: true})
}

/** Does something in a directory, which is made when it is missing. */
export function inDirectory<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  makeDirectory(path)
  return act()
}

export function makeDirectory(path: string): void {
  mkdirSync(path, {recursive: true, mode: 0o700})
}

/** Names in a directory; none when it is missing. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return []
    throw error
  }
}

/** Time of last change in milliseconds and size; undefined when there is nothing. */
export function factsOf(path: string): {readonly mtimeMs: number; readonly size: number; readonly isDirectory: boolean} | undefined {
  const facts = statSync(path, {throwIfNoEntry: false})
  return facts && {mtimeMs: facts.mtimeMs, size: facts.size, isDirectory: facts.isDirectory()}
}
