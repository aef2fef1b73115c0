import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import * as fs from 'node:fs/promises'
import {errnoOf} from '../support/fault.js'
import {type FileFacts, type MaildirFiles, type NewFile, type OpenFile, WHOLE_FILE_BYTES} from './files.js'

/** Calls longer than this, several in a row of a second, move the store's calls off the loop for a while (`design.md` §4). */
const SLOW_CALL_MS = 2
/** One slow call may be a busy processor; a cold or distant disk makes many. */
const SLOW_CALLS = 4
const SLOW_WITHIN_MS = 1_000
const STAY_OFF_LOOP_MS = 5_000
/** Directories with more entries than this are read in batches. */
const SMALL_DIRECTORY_ENTRIES = 10_000
const POOLED_BUFFERS = 4

/** `f_type` of file systems on other machines, and FUSE: a call may take forever and time stamps are theirs. */
const NETWORK_TYPES = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x65735546, 0x5346414f, 0x47504653, 0x0bd00bd0, 0x00c36400,
])

/** The path as node wants it: octets above 0x7F need a Buffer. */
function native(path: string): string | Buffer {
  for (let index = 0; index < path.length; index += 1) if (path.charCodeAt(index) > 0x7f) return Buffer.from(path, 'latin1')
  return path
}

function factsOf(stats: BigIntStats): FileFacts {
  return {
    device: stats.dev,
    inode: stats.ino,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    size: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other',
  }
}

function missing(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** O_NOFOLLOW on a link says ELOOP; a directory or a socket is no message either. */
function notAMessage(error: unknown): boolean {
  const code = errnoOf(error)
  return missing(error) || code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO'
}

const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

function createNow(path: string, data: Buffer, mode: number): FileFacts {
  const descriptor = openSync(native(path), CREATE_FLAGS, mode)
  try {
    for (let at = 0; at < data.length; ) at += writeSync(descriptor, data, at, data.length - at)
    return factsOf(fstatSync(descriptor, {bigint: true}))
  } catch (error) {
    rmSync(native(path), {force: true}) // a full disk: nothing half written stays
    throw error
  } finally {
    closeSync(descriptor)
  }
}

const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The real file system. Short calls run on the loop as long as they are fast, else asynchronously. */
export class NodeFiles implements MaildirFiles {
  #offLoopUntil = 0
  #slowCalls = 0
  #slowSinceMs = 0
  readonly #buffers: Buffer[] = []
  readonly #localDevices = new Map<bigint, boolean>()

  stat(path: string): FileFacts | undefined {
    try {
      const stats = lstatSync(native(path), {bigint: true, throwIfNoEntry: false})
      return stats && factsOf(stats)
    } catch (error) {
      // A file stands where the path needs a directory: nothing is there either.
      if (missing(error)) return undefined
      throw error
    }
  }

  isLocal(path: string): boolean {
    const device = this.stat(path)?.device
    if (device === undefined) return true
    let local = this.#localDevices.get(device)
    if (local === undefined) {
      local = !NETWORK_TYPES.has(statfsSync(native(path)).type)
      this.#localDevices.set(device, local)
    }
    return local
  }

  async readFile(path: string, limitBytes: number): Promise<Buffer | undefined> {
    let file: fs.FileHandle
    try {
      file = await fs.open(native(path), READ_FLAGS)
    } catch (error) {
      if (missing(error)) return undefined
      throw error
    }
    try {
      const {size} = await file.stat()
      if (size > limitBytes)
        throw Object.assign(new Error(`EFBIG: "${path}" has ${size} bytes, at most ${limitBytes} are read`), {code: 'EFBIG'})
      return await file.readFile()
    } finally {
      await file.close()
    }
  }

  async list(path: string): Promise<string[]> {
    const directory = native(path)
    // st_nlink says nothing about files; the size of a directory grows with its entries on every local file system but tmpfs.
    const facts = this.stat(path)
    if (facts && facts.size < SMALL_DIRECTORY_ENTRIES * 8 && this.#onLoop())
      return this.#timed(() => readdirSync(directory, {encoding: 'latin1'}))
    return fs.readdir(directory, {encoding: 'latin1'})
  }

  async open(path: string): Promise<OpenFile | undefined> {
    return this.#onLoop() && !this.#isBig(path) ? this.#openNow(path) : this.#openLater(path)
  }

  async create(path: string, data: Buffer, {mode, sync}: {readonly mode: number; readonly sync: boolean}): Promise<FileFacts> {
    if (!sync && this.#onLoop()) return this.#timed(() => createNow(path, data, mode))
    const file = await this.begin(path, {mode})
    try {
      await file.write(data)
      return await file.finish({sync})
    } catch (error) {
      await file.abort()
      await this.unlink(path).catch(() => false)
      throw error
    }
  }

  async begin(path: string, {mode}: {readonly mode: number}): Promise<NewFile> {
    return new NodeNewFile(await fs.open(native(path), CREATE_FLAGS, mode))
  }

  async append(path: string, data: Buffer): Promise<boolean> {
    let file: fs.FileHandle
    try {
      file = await fs.open(native(path), constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW)
    } catch (error) {
      if (missing(error)) return false
      throw error
    }
    try {
      await file.write(data)
      return true
    } finally {
      await file.close()
    }
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#onLoop()) this.#timed(() => renameSync(native(from), native(to)))
    else await fs.rename(native(from), native(to))
  }

  async link(from: string, to: string): Promise<void> {
    if (this.#onLoop()) this.#timed(() => linkSync(native(from), native(to)))
    else await fs.link(native(from), native(to))
  }

  async unlink(path: string): Promise<boolean> {
    try {
      if (this.#onLoop()) this.#timed(() => unlinkSync(native(path)))
      else await fs.unlink(native(path))
      return true
    } catch (error) {
      if (missing(error)) return false
      throw error
    }
  }

  async mkdir(path: string, mode: number): Promise<void> {
    await fs.mkdir(native(path), {mode})
  }

  async rmdir(path: string): Promise<void> {
    await fs.rmdir(native(path))
  }

  async chmod(path: string, mode: number): Promise<void> {
    await fs.chmod(native(path), mode)
  }

  async touch(path: string, mtimeMs: number): Promise<void> {
    await fs.lutimes(native(path), mtimeMs / 1000, mtimeMs / 1000)
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = await fs.open(native(path), constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }

  /** Calls may run on the loop: none was slow lately. */
  #onLoop(): boolean {
    return performance.now() >= this.#offLoopUntil
  }

  #timed<T>(call: () => T): T {
    const began = performance.now()
    try {
      return call()
    } finally {
      const ended = performance.now()
      if (ended - began > SLOW_CALL_MS) this.#countSlow(ended)
    }
  }

  #countSlow(nowMs: number): void {
    this.#slowCalls = nowMs - this.#slowSinceMs > SLOW_WITHIN_MS ? 1 : this.#slowCalls + 1
    if (this.#slowCalls === 1) this.#slowSinceMs = nowMs
    if (this.#slowCalls >= SLOW_CALLS) this.#offLoopUntil = nowMs + STAY_OFF_LOOP_MS
  }

  #isBig(path: string): boolean {
    const facts = this.stat(path)
    return facts !== undefined && facts.size > WHOLE_FILE_BYTES
  }

  #openNow(path: string): OpenFile | undefined {
    let descriptor: number
    try {
      descriptor = this.#timed(() => openSync(native(path), READ_FLAGS))
    } catch (error) {
      if (notAMessage(error)) return undefined
      throw error
    }
    try {
      const facts = factsOf(fstatSync(descriptor, {bigint: true}))
      if (facts.kind !== 'file') return undefined
      const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(WHOLE_FILE_BYTES)
      let length = 0
      try {
        this.#timed(() => {
          for (let got = -1; got !== 0 && length < buffer.length; length += got)
            got = readSync(descriptor, buffer, length, Math.min(facts.size + 1, buffer.length) - length, length)
        })
      } catch (error) {
        this.#giveBack(buffer)
        throw error
      }
      return new HeldFile({...facts, size: length}, buffer, length, () => this.#giveBack(buffer))
    } finally {
      closeSync(descriptor)
    }
  }

  #giveBack(buffer: Buffer): void {
    if (this.#buffers.length < POOLED_BUFFERS) this.#buffers.push(buffer)
  }

  async #openLater(path: string): Promise<OpenFile | undefined> {
    let handle: fs.FileHandle
    try {
      handle = await fs.open(native(path), READ_FLAGS)
    } catch (error) {
      if (notAMessage(error)) return undefined
      throw error
    }
    try {
      const facts = factsOf(await handle.stat({bigint: true}))
      if (facts.kind !== 'file') {
        await handle.close()
        return undefined
      }
      if (facts.size > WHOLE_FILE_BYTES) return new StreamedFile(facts, handle)
      const data = await handle.readFile()
      await handle.close()
      return new HeldFile({...facts, size: data.length}, data, data.length, () => {})
    } catch (error) {
      await handle.close().catch(() => {})
      throw error
    }
  }
}

/** A small file, read whole when it was opened. */
class HeldFile implements OpenFile {
  readonly facts: FileFacts
  #whole: Buffer | undefined
  readonly #done: () => void

  constructor(facts: FileFacts, buffer: Buffer, length: number, done: () => void) {
    this.facts = facts
    this.#whole = buffer.subarray(0, length)
    this.#done = done
  }

  get whole(): Buffer | undefined {
    return this.#whole
  }

  async read(start: number, length: number): Promise<Buffer> {
    return this.#whole?.subarray(start, start + length) ?? Buffer.alloc(0)
  }

  close(): void {
    if (this.#whole === undefined) return
    this.#whole = undefined
    this.#done()
  }
}

/** A large file, read in pieces. */
class StreamedFile implements OpenFile {
  readonly facts: FileFacts
  readonly whole = undefined
  readonly #handle: fs.FileHandle

  constructor(facts: FileFacts, handle: fs.FileHandle) {
    this.facts = facts
    this.#handle = handle
  }

  async read(start: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.facts.size - start))
    const buffer = Buffer.allocUnsafe(wanted)
    let filled = 0
    while (filled < wanted) {
      const {bytesRead} = await this.#handle.read(buffer, filled, wanted - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  }

  close(): void {
    this.#handle.close().catch(() => {}) // nothing is lost: it was open for reading only
  }
}

class NodeNewFile implements NewFile {
  readonly #handle: fs.FileHandle

  constructor(handle: fs.FileHandle) {
    this.#handle = handle
  }

  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) at += (await this.#handle.write(chunk, at, chunk.length - at)).bytesWritten
  }

  async finish({sync, mtimeMs}: {readonly sync: boolean; readonly mtimeMs?: number | undefined}): Promise<FileFacts> {
    if (mtimeMs !== undefined) await this.#handle.utimes(mtimeMs / 1000, mtimeMs / 1000)
    if (sync) await this.#handle.sync()
    const facts = factsOf(await this.#handle.stat({bigint: true}))
    await this.#handle.close()
    return facts
  }

  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {}) // it may be closed already
  }
}
