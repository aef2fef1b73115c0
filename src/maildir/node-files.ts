import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  link as linkCallback,
  linkSync,
  lstatSync,
  open as openCallback,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rename as renameCallback,
  renameSync,
  rmSync,
  statfsSync,
  unlink as unlinkCallback,
  unlinkSync,
  writeSync,
} from 'node:fs'
import * as fs from 'node:fs/promises'
import {release} from 'node:os'
import {promisify} from 'node:util'
import {callEach} from './call-each.js'
import {stampsEachChange} from './change-stamps.js'
import {DescriptorFacts} from './descriptor-facts.js'
import {DirectoryReading, entriesCall} from './directory-reading.js'
import {factsOf} from './file-facts.js'
import {
  type FileFacts,
  type FileStart,
  type MaildirFiles,
  type Move,
  type NewFile,
  type OpenFile,
  START_BYTES,
  WHOLE_FILE_BYTES,
} from './files.js'
import {diskReads, LoopCalls} from './loop-calls.js'
import {MessageDescriptors} from './message-descriptors.js'
import {MessageOpener, missing, READ_FLAGS} from './message-opener.js'
import {NameCalls} from './name-calls.js'
import {type NameOctets, nameOctets} from './name-octets.js'
import {native, nativeNames} from './native-path.js'
import {askedFor, isNetworkType, NetworkPlaces, type NetworkPlacesOptions} from './network-places.js'
import {NodeNewFile} from './new-files.js'
import {HeldFile, StreamedFile} from './opened-files.js'
import {ReadBuffers} from './read-buffers.js'

/** Directories with more entries than this are not read on the loop. */
const SMALL_DIRECTORY_ENTRIES = 10_000
/** From here on, with tens of thousands of names, making strings of all at once would keep the loop too long. */
const LARGE_DIRECTORY_BYTES = 2 * 1024 * 1024
const NAMES_AT_ONCE = 1024

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

// A file handle of `fs/promises` costs ten times as much as the calls themselves; only what waits for the disk goes through the pool.
const openLater = promisify(openCallback)
const syncLater = promisify(fsync)
const renameLater = promisify(renameCallback)
const linkLater = promisify(linkCallback)
const unlinkLater = promisify(unlinkCallback)

/** What is known of a file system. */
interface Device {
  readonly isLocal: boolean
  readonly stampsEachChange: boolean
}

/** The real file system. Short calls run on the loop as long as they are fast, else asynchronously. */
export class NodeFiles implements MaildirFiles {
  readonly #calls = new LoopCalls()
  readonly #reads = new LoopCalls(diskReads())
  readonly #descriptors = new MessageDescriptors()
  readonly #opener = new MessageOpener(this.#descriptors)
  readonly #facts = new DescriptorFacts()
  readonly #buffers = new ReadBuffers()
  readonly #names = new NameCalls()
  /** For the beginnings of files. */
  #start: Buffer | undefined
  readonly #devices = new Map<bigint, Device>()
  /** undefined: nobody has asked yet whether there is one. */
  #entriesCall: {readonly call: ReturnType<typeof entriesCall>} | undefined
  readonly #network: NetworkPlaces

  constructor(options: NetworkPlacesOptions = {}) {
    this.#network = new NetworkPlaces(options)
  }

  reach(directory: string, names: readonly string[] = []): Promise<void> | undefined {
    return this.#network.isHere(directory) ? undefined : this.#reachFar(directory, names)
  }

  async #reachFar(directory: string, names: readonly string[]): Promise<void> {
    await this.#network.find(directory, native(directory))
    if (this.#network.has(directory)) await askedFor([directory, ...names.map((name) => `${directory}/${name}`)].map(native))
  }

  /** Calls for this path may run on the loop. */
  #mayCall(path: string): boolean {
    return this.#calls.onLoop && !this.#network.has(path)
  }

  /** undefined: none of them may run on the loop. */
  #callsFor(path: string | undefined): LoopCalls | undefined {
    return path !== undefined && this.#network.has(path) ? undefined : this.#calls
  }

  /** The same for calls that read. */
  #mayRead(path: string): boolean {
    return this.#reads.onLoop && !this.#network.has(path)
  }

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
    return !this.#network.has(path) && (this.#deviceOf(path)?.isLocal ?? true)
  }

  stampsEachChange(path: string): boolean {
    return !this.#network.has(path) && (this.#deviceOf(path)?.stampsEachChange ?? false)
  }

  /** undefined: nothing is there. */
  #deviceOf(path: string): Device | undefined {
    const number = this.stat(path)?.device
    if (number === undefined) return undefined
    let device = this.#devices.get(number)
    if (!device) {
      const system = statfsSync(native(path))
      const isLocal = !isNetworkType(system)
      device = {isLocal, stampsEachChange: isLocal && stampsEachChange(system, release())}
      this.#devices.set(number, device)
    }
    return device
  }

  async readFile(path: string, limitBytes: number): Promise<Buffer | undefined> {
    const small = this.#mayRead(path) ? this.stat(path) : undefined
    if (small?.kind === 'file' && small.size <= Math.min(WHOLE_FILE_BYTES, limitBytes)) return this.#readNow(path)
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

  #readNow(path: string): Buffer | undefined {
    try {
      return this.#reads.timed(() => {
        const descriptor = openSync(native(path), READ_FLAGS)
        try {
          return readFileSync(descriptor)
        } finally {
          closeSync(descriptor)
        }
      })
    } catch (error) {
      if (missing(error)) return undefined
      throw error
    }
  }

  async list(path: string): Promise<string[]> {
    const directory = native(path)
    // st_nlink says nothing about files; the size of a directory grows with its entries on every local file system but tmpfs.
    const facts = this.stat(path)
    if ((facts?.size ?? 0) < SMALL_DIRECTORY_ENTRIES * 8 && this.#mayRead(path))
      return this.#reads.timed(() => readdirSync(directory, {encoding: 'latin1'}))
    if (!facts || facts.size < LARGE_DIRECTORY_BYTES) return fs.readdir(directory, {encoding: 'latin1'})
    const names: string[] = []
    for await (const {name} of await fs.opendir(directory, {encoding: 'latin1', bufferSize: NAMES_AT_ONCE})) names.push(name)
    return names
  }

  async *names(path: string): AsyncGenerator<NameOctets> {
    const facts = this.stat(path)
    const isLarge = facts !== undefined && facts.size >= SMALL_DIRECTORY_ENTRIES * 8
    if (isLarge) this.#entriesCall ??= {call: entriesCall()}
    const call = isLarge ? this.#entriesCall?.call : undefined
    if (call) yield* this.#entries(path, call)
    else yield* nameOctets(await this.list(path))
  }

  async *#entries(path: string, call: NonNullable<ReturnType<typeof entriesCall>>): AsyncGenerator<NameOctets> {
    const descriptor = await this.#openDirectory(path)
    try {
      const reading = new DirectoryReading(call, descriptor)
      for (;;) {
        const names = this.#mayRead(path) ? this.#reads.timed(() => reading.now()) : await reading.later()
        if (!names) return
        yield names
      }
    } finally {
      closeSync(descriptor)
    }
  }

  async #openDirectory(path: string): Promise<number> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY
    return this.#mayCall(path) ? this.#calls.timed(() => openSync(native(path), flags)) : await openLater(native(path), flags)
  }

  open(path: string): OpenFile | undefined | Promise<OpenFile | undefined> {
    const opened = this.#mayRead(path) ? this.#reads.timed(() => this.#openNow(path)) : 'big'
    return opened === 'big' ? this.#openLater(path) : opened
  }

  start(path: string): FileStart | undefined {
    return this.#mayRead(path) ? this.#reads.timed(() => this.#startNow(path)) : undefined
  }

  async create(path: string, data: Buffer, {mode, sync}: {readonly mode: number; readonly sync: boolean}): Promise<FileFacts> {
    if (!sync && this.#mayCall(path)) return this.#calls.timed(() => createNow(path, data, mode))
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
    const descriptor = this.#mayCall(path)
      ? this.#calls.timed(() => openSync(native(path), CREATE_FLAGS, mode))
      : await openLater(native(path), CREATE_FLAGS, mode)
    return new NodeNewFile(descriptor, this.#network.has(path) ? undefined : this.#calls)
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
    if (this.#mayCall(to)) this.#calls.timed(() => renameSync(native(from), native(to)))
    else await fs.rename(native(from), native(to))
  }

  renameAll(directory: string, moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    const from = nativeNames(
      directory,
      moves.map((move) => move.from),
    )
    const to = nativeNames(
      directory,
      moves.map((move) => move.to),
    )
    return callEach(moves.length, {
      calls: this.#callsFor(directory),
      directory,
      now: (place, prefix) => this.#names.rename(from(place, prefix), to(place, prefix)),
      later: (place) => renameLater(from(place, `${directory}/`), to(place, `${directory}/`)),
    })
  }

  async link(from: string, to: string): Promise<void> {
    if (this.#mayCall(to)) this.#calls.timed(() => linkSync(native(from), native(to)))
    else await fs.link(native(from), native(to))
  }

  linkAll(moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    const [from, to] = [moves.map((move) => native(move.from)), moves.map((move) => native(move.to))]
    return callEach(moves.length, {
      calls: this.#callsFor(moves[0]?.to),
      now: (place) => this.#names.link(from[place] ?? '', to[place] ?? ''),
      later: (place) => linkLater(from[place] ?? '', to[place] ?? ''),
    })
  }

  async unlink(path: string): Promise<boolean> {
    try {
      if (this.#mayCall(path)) this.#calls.timed(() => unlinkSync(native(path)))
      else await fs.unlink(native(path))
      return true
    } catch (error) {
      if (missing(error)) return false
      throw error
    }
  }

  unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    const path = nativeNames(directory, names)
    return callEach(names.length, {
      calls: this.#callsFor(directory),
      directory,
      now: (place, prefix) => this.#names.unlink(path(place, prefix)),
      later: (place) => unlinkLater(path(place, `${directory}/`)),
    })
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
    const descriptor = await this.#openDirectory(path)
    try {
      await syncLater(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  #startNow(path: string): FileStart | undefined {
    const descriptor = this.#opener.now(path)
    if (descriptor === undefined) return undefined
    try {
      const facts = this.#facts.of(descriptor)
      if (facts.kind !== 'file') return undefined
      this.#start ??= this.#buffers.take()
      return {facts, octets: this.#start, length: this.#descriptors.first(descriptor, this.#start, START_BYTES)}
    } finally {
      this.#descriptors.close(descriptor)
    }
  }

  /** `big`: it is to be read in pieces. */
  #openNow(path: string): OpenFile | 'big' | undefined {
    const descriptor = this.#opener.now(path)
    if (descriptor === undefined) return undefined
    try {
      const facts = this.#facts.of(descriptor)
      if (facts.kind !== 'file') return undefined
      if (facts.size > WHOLE_FILE_BYTES) return 'big'
      const buffer = this.#buffers.take()
      let length = 0
      try {
        length = this.#readAll(descriptor, buffer, facts.size)
      } catch (error) {
        this.#buffers.giveBack(buffer)
        throw error
      }
      return new HeldFile(facts.size === length ? facts : {...facts, size: length}, buffer, this.#buffers)
    } finally {
      this.#descriptors.close(descriptor)
    }
  }

  /** Answers how much there was. */
  #readAll(descriptor: number, buffer: Buffer, size: number): number {
    const wanted = Math.min(size + 1, buffer.length)
    let length = this.#descriptors.first(descriptor, buffer, wanted)
    // One octet more than there should be was asked for: when it is missing, that was the end.
    while (length < size && length < buffer.length) {
      const got = readSync(descriptor, buffer, length, Math.min(size + 1, buffer.length) - length, length)
      if (got === 0) break
      length += got
    }
    return length
  }

  async #openLater(path: string): Promise<OpenFile | undefined> {
    const handle = await this.#opener.later(path)
    if (!handle) return undefined
    try {
      const facts = factsOf(await handle.stat({bigint: true}))
      if (facts.kind !== 'file') {
        await handle.close()
        return undefined
      }
      if (facts.size > WHOLE_FILE_BYTES) return new StreamedFile(facts, handle)
      const data = await handle.readFile()
      await handle.close()
      return new HeldFile({...facts, size: data.length}, data)
    } catch (error) {
      await handle.close().catch(() => {})
      throw error
    }
  }
}
