/**
 * The store's file calls on a simulated disk, with other programs at work before, during and after each of them.
 *
 * A listing behaves like the kernel's: names that stay are listed once; names that come, go or are renamed
 * meanwhile may be missing, and a renamed file may be listed under both names. What the store relies on is the one
 * promise made here: a file that exists all the time is missing from at most `missesInARow` listings in a row.
 */
import {type FileFacts, type MaildirFiles, type Move, type NewFile, type OpenFile, WHOLE_FILE_BYTES} from '../../src/maildir/files.js'
import {type NameOctets, nameOctets} from '../../src/maildir/name-octets.js'
import {failure, type SimulatedDisk, type SimulatedNode} from './simulated-disk.js'

/** What goes on beside the program whose calls these are. */
export interface Surroundings {
  /** A moment passes: other programs may act, time goes on. */
  moment(): void
  /** A random whole number below `limit`. */
  random(limit: number): number
}

/** Nobody else is there, and no time passes. */
export const ALONE: Surroundings = {moment: () => {}, random: () => 0}

export interface SimulatedFilesOptions {
  readonly surroundings?: Surroundings
  /** Listings in a row that may miss a file that others rename all the time. */
  readonly missesInARow?: number
}

/** Names that a racing `readdir` gives. */
export class RacingList {
  readonly #disk: SimulatedDisk
  readonly #surroundings: Surroundings
  readonly #missesInARow: number
  readonly #misses = new Map<SimulatedNode, number>()

  constructor(disk: SimulatedDisk, surroundings: Surroundings, missesInARow: number) {
    this.#disk = disk
    this.#surroundings = surroundings
    this.#missesInARow = missesInARow
  }

  /** Lists a directory; others may act at each `yield`. */
  *names(path: string): Generator<void, string[]> {
    const {random} = this.#surroundings
    const directory = this.#disk.directory(path)
    const states = [new Map(directory.entries)]
    for (let moments = 2 + random(5); moments > 0; moments -= 1) {
      yield
      states.push(new Map(directory.entries))
    }
    const listed: string[] = []
    const seen = new Map<SimulatedNode, {names: Set<string>; always: boolean; steady: boolean}>()
    for (const [place, state] of states.entries()) {
      for (const [name, node] of state) {
        const known = seen.get(node) ?? {names: new Set<string>(), always: place === 0, steady: false}
        known.names.add(name)
        seen.set(node, known)
      }
      for (const [node, known] of seen) if (known.always && ![...state.values()].includes(node)) known.always = false
    }
    for (const [node, {names, always}] of seen) {
      const chosen = [...names].filter((name) => states.every((state) => state.has(name)) || random(2) === 0)
      if (chosen.length === 0 && always) {
        const misses = (this.#misses.get(node) ?? 0) + 1
        this.#misses.set(node, misses)
        if (misses > this.#missesInARow) chosen.push([...names][random(names.size)] ?? '')
      }
      if (chosen.length > 0) this.#misses.delete(node)
      listed.push(...chosen)
    }
    return listed
      .map((name) => ({name, key: random(1000)}))
      .sort((a, b) => a.key - b.key)
      .map(({name}) => name)
  }
}

export class SimulatedFiles implements MaildirFiles {
  readonly disk: SimulatedDisk
  readonly #surroundings: Surroundings
  readonly #lists: RacingList

  constructor(disk: SimulatedDisk, {surroundings = ALONE, missesInARow = 2}: SimulatedFilesOptions = {}) {
    this.disk = disk
    this.#surroundings = surroundings
    this.#lists = new RacingList(disk, surroundings, missesInARow)
  }

  stat(path: string): FileFacts | undefined {
    this.#surroundings.moment()
    const node = this.disk.find(path)
    const facts = node && this.disk.facts(node)
    this.#surroundings.moment()
    return facts
  }

  reach(): undefined {
    return undefined
  }

  isLocal(): boolean {
    return true
  }

  stampsEachChange(): boolean {
    return false
  }

  readFile(path: string, limitBytes: number): Promise<Buffer | undefined> {
    return this.#call(() => {
      const data = this.disk.find(path)?.data
      if (data && data.length > limitBytes) throw failure('EFBIG', path)
      return data && Buffer.from(data)
    })
  }

  async list(path: string): Promise<string[]> {
    const listing = await this.#call(() => this.#lists.names(path))
    for (;;) {
      const {done, value} = listing.next()
      if (done) return value
      this.#surroundings.moment()
      await null
    }
  }

  async *names(path: string): AsyncGenerator<NameOctets> {
    yield* nameOctets(await this.list(path))
  }

  open(path: string): Promise<OpenFile | undefined> {
    return this.#call(() => {
      const node = this.disk.find(path)
      if (node?.kind !== 'file') return undefined
      const facts = this.disk.facts(node)
      const data = Buffer.from(node.data)
      const whole = data.length <= WHOLE_FILE_BYTES ? data : undefined
      return {facts, whole, read: async (start, length) => data.subarray(start, start + length), close: () => {}}
    })
  }

  start(): undefined {
    return undefined
  }

  create(path: string, data: Buffer, {mode, sync}: {readonly mode: number; readonly sync: boolean}): Promise<FileFacts> {
    return this.#call(() => {
      const node = this.disk.make(path, 'file', mode, Buffer.from(data))
      if (sync) this.disk.syncFile(node)
      return this.disk.facts(node)
    })
  }

  begin(path: string, {mode}: {readonly mode: number}): Promise<NewFile> {
    return this.#call(() => {
      const node = this.disk.make(path, 'file', mode)
      return {
        write: (chunk) => this.#call(() => this.disk.write(node, Buffer.concat([node.data, chunk]))),
        finish: ({sync, mtimeMs}) =>
          this.#call(() => {
            if (mtimeMs !== undefined) this.disk.touch(node, mtimeMs)
            if (sync) this.disk.syncFile(node)
            return this.disk.facts(node)
          }),
        facts: () => this.disk.facts(node),
        abort: async () => {},
      }
    })
  }

  append(path: string, data: Buffer): Promise<boolean> {
    return this.#call(() => {
      const node = this.disk.find(path)
      if (node) this.disk.write(node, Buffer.concat([node.data, data]))
      return node !== undefined
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(() => this.disk.rename(from, to))
  }

  renameAll(directory: string, moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    return each(moves, ({from, to}) => this.rename(`${directory}/${from}`, `${directory}/${to}`))
  }

  link(from: string, to: string): Promise<void> {
    return this.#call(() => this.disk.link(from, to))
  }

  linkAll(moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    return each(moves, ({from, to}) => this.link(from, to))
  }

  unlink(path: string): Promise<boolean> {
    return this.#call(() => this.disk.unlink(path))
  }

  unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    return each(names, async (name) => {
      const path = `${directory}/${name}`
      if (!(await this.unlink(path))) throw failure('ENOENT', path)
    })
  }

  mkdir(path: string, mode: number): Promise<void> {
    return this.#call(() => void this.disk.make(path, 'directory', mode))
  }

  rmdir(path: string): Promise<void> {
    return this.#call(() => void this.disk.unlink(path))
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#onNode(path, (node) => this.disk.chmod(node, mode))
  }

  touch(path: string, mtimeMs: number): Promise<void> {
    return this.#onNode(path, (node) => this.disk.touch(node, mtimeMs))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call(() => this.disk.syncDirectory(path))
  }

  #onNode(path: string, act: (node: SimulatedNode) => void): Promise<void> {
    return this.#call(() => {
      const node = this.disk.find(path)
      if (!node) throw failure('ENOENT', path)
      act(node)
    })
  }

  /** Others act before and after; the caller's own other sessions get their turn as well. */
  async #call<T>(act: () => T): Promise<T> {
    this.#surroundings.moment()
    for (let turns = this.#surroundings.random(4); turns > 0; turns -= 1) await null
    this.#surroundings.moment()
    const result = act()
    this.#surroundings.moment()
    for (let turns = this.#surroundings.random(3); turns > 0; turns -= 1) await null
    return result
  }
}

/** One call after the other; what went wrong at the place of each. */
async function each<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<readonly (Error | undefined)[]> {
  const failures: (Error | undefined)[] = []
  for (const item of items) {
    failures.push(
      await call(item).then(
        () => undefined,
        (error: Error) => error,
      ),
    )
  }
  return failures
}
