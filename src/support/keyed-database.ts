/**
 * Read-only key → value files in LMDB: built whole under a temporary name, sealed, renamed into place.
 *
 * LMDB maps its file, and a truncated or damaged one kills the process that reads it (`design.md` §3). So each file ends in a
 * footer with its length and a checksum of everything before it: `openKeyedDatabase` verifies both before LMDB sees the
 * file. Nobody writes to a file that has its final name, so no locks are needed and readers leave no lock file behind.
 *
 * Keys and values are octets, one character for each (latin1).
 */
import {closeSync, openSync, rmSync} from 'node:fs'
import {type FileHandle, open as openFile, rm} from 'node:fs/promises'
import {crc32 as fastCrc32} from 'node:zlib'
import {open, type RootDatabase} from 'lmdb'
import {crc32} from './crc32.js'
import {errnoOf, Fault} from './fault.js'
import {type FileIdentity, identityOf, sameFile} from './file-identity.js'

export {type FileIdentity, identityOf, sameFile} from './file-identity.js'

/** Longest key that LMDB takes. */
export const MAX_KEY_OCTETS = 1978

const FOOTER = /courier-database 1 ([0-9a-f]{32}) (\d{1,16}) ([0-9a-f]{8})\n$/
const FOOTER_LIMIT = 128
const SLAB = 1024 * 1024
/** Larger files are summed by `node:zlib`, which takes longer to load than these to be summed. */
const SMALL = 128 * 1024

/** Adds a record; false when the key is there already (the first one stays). */
export type AddRecord = (key: string, value: string) => boolean

/** A file to build: its (temporary) name and its mode. */
export interface NewDatabase {
  readonly path: string
  readonly mode: number
}

/**
 * Makes files (replacing old ones) with what `fill` adds to them, each in one transaction. Seal them before they get
 * their final names.
 *
 * `fill` runs synchronously, because a transaction is bound to its thread: for command-line tools and threads of their own.
 */
export async function buildKeyedDatabases(files: readonly NewDatabase[], fill: (adders: readonly AddRecord[]) => void): Promise<void> {
  const databases: RootDatabase<Buffer, Buffer>[] = []
  try {
    for (const {path, mode} of files) {
      rmSync(path, {force: true})
      closeSync(openSync(path, 'wx', mode))
      databases.push(open<Buffer, Buffer>({...FORM, path, noSync: true, overlappingSync: false}))
    }
    inTransactions(databases, () => fill(databases.map(adderOf)))
  } finally {
    for (const database of databases) await database.close()
    for (const {path} of files) rmSync(`${path}-lock`, {force: true})
  }
}

function inTransactions([first, ...others]: readonly RootDatabase<Buffer, Buffer>[], run: () => void): void {
  if (first) first.transactionSync(() => inTransactions(others, run))
  else run()
}

function adderOf(database: RootDatabase<Buffer, Buffer>): AddRecord {
  return (key, value) => {
    const octets = Buffer.from(key, 'latin1')
    if (database.doesExist(octets)) return false
    database.putSync(octets, Buffer.from(value, 'latin1'))
    return true
  }
}

const FORM = {noSubdir: true, encoding: 'binary', keyEncoding: 'binary'} as const

/** Appends the footer and brings the file to disk. `generation`: 32 hex digits, the same for files that belong together. */
export async function sealKeyedDatabase(path: string, generation: string): Promise<void> {
  const file = await openFile(path, 'r+')
  try {
    const {size} = await file.stat()
    const crc = await checksum(file, size, generation)
    const footer = Buffer.from(`courier-database 1 ${generation} ${size} ${crc}\n`, 'latin1')
    await file.write(footer, 0, footer.length, size)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function checksum(file: FileHandle, size: number, generation: string): Promise<string> {
  const slab = Buffer.allocUnsafe(SLAB)
  const sum = size <= SMALL ? crc32 : fastCrc32
  let crc = sum(Buffer.from(generation, 'latin1'))
  for (let position = 0; position < size; ) {
    const {bytesRead} = await file.read(slab, 0, Math.min(SLAB, size - position), position)
    if (bytesRead === 0) break
    crc = sum(slab.subarray(0, bytesRead), crc)
    position += bytesRead
  }
  return crc.toString(16).padStart(8, '0')
}

/** An open file; `get` reads one record. */
export class KeyedDatabase {
  readonly identity: FileIdentity
  readonly generation: string
  readonly #database: RootDatabase<Buffer, Buffer>

  constructor(database: RootDatabase<Buffer, Buffer>, identity: FileIdentity, generation: string) {
    this.#database = database
    this.identity = identity
    this.generation = generation
  }

  get(key: string): string | undefined {
    if (key.length === 0 || key.length > MAX_KEY_OCTETS) return undefined
    return this.#database.getBinary(Buffer.from(key, 'latin1'))?.toString('latin1')
  }

  /** All records, in the order of their keys. */
  *records(): Generator<readonly [key: string, value: string]> {
    for (const {key, value} of this.#database.getRange()) {
      yield [Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1')]
    }
  }

  async close(): Promise<void> {
    await this.#database.close()
  }
}

/**
 * Opens a sealed file after verifying it; undefined when there is none.
 *
 * @throws {Fault} `unavailable` when the file is damaged, cannot be read, or is replaced all the time
 */
export async function openKeyedDatabase(path: string): Promise<KeyedDatabase | undefined> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      const verified = await verify(path)
      const database = open<Buffer, Buffer>({...FORM, path, readOnly: true})
      // A reader that may write to the directory leaves a lock file, which is of no use without writers.
      await rm(`${path}-lock`, {force: true}).catch(() => undefined)
      if (sameFile(identityOf(path), verified.identity)) return new KeyedDatabase(database, verified.identity, verified.generation)
      await database.close()
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      if (error instanceof Fault) throw error
      throw new Fault('unavailable', `Cannot open "${path}"`, {cause: error})
    }
  }
  throw new Fault('unavailable', `"${path}" is replaced all the time`)
}

async function verify(path: string): Promise<{identity: FileIdentity; generation: string}> {
  const file = await openFile(path, 'r')
  try {
    const {dev, ino, mtimeNs, size} = await file.stat({bigint: true})
    const length = Number(size)
    const tail = Buffer.alloc(Math.min(FOOTER_LIMIT, length))
    await file.read(tail, 0, tail.length, length - tail.length)
    const footer = FOOTER.exec(tail.toString('latin1'))
    const [text = '', generation = '', sealedSize, crc] = footer ?? []
    const whole = footer !== null && Number(sealedSize) === length - text.length
    if (!whole || (await checksum(file, length - text.length, generation)) !== crc) {
      throw new Fault('unavailable', `"${path}" is damaged`)
    }
    return {identity: {dev, ino, mtimeNs, size}, generation}
  } finally {
    await file.close()
  }
}
