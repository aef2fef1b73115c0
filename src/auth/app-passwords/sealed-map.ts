import {chown, mkdir, rename, rm, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {syncDirectory} from '../../support/atomic-file.js'
import {Fault} from '../../support/fault.js'
import {
  buildKeyedDatabases,
  type FileIdentity,
  identityOf,
  type KeyedDatabase,
  openKeyedDatabase,
  sameFile,
  sealKeyedDatabase,
} from '../../support/keyed-database.js'
import {Mutex} from '../../support/mutex.js'
import {systemText} from '../../support/system-text.js'
import type {TryLock} from '../native.js'
import {withLock} from '../userdb/lock.js'

export interface SealedMapOptions {
  /** `….lmdb`; beside it are a lock and, for a moment, a temporary file. */
  readonly path: string
  readonly tryLock: () => TryLock
  /** 32 hex digits that no earlier file had. */
  readonly generation: () => string
}

/**
 * A small map in a file of its own that is replaced as a whole at each change, under a lock that all processes take. Readers
 * see what was there before or after. Keys and values are octets.
 */
export class SealedMap {
  readonly #options: SealedMapOptions
  readonly #turns = new Mutex()
  #database: KeyedDatabase | undefined
  #closed = false

  constructor(options: SealedMapOptions) {
    this.#options = options
  }

  /** @throws {Fault} `unavailable` when the file is damaged or may not be read */
  get(key: string): Promise<string | undefined> {
    return this.#turns.run(async () => (await this.#current())?.get(key))
  }

  /** @throws {Fault} `unavailable` */
  entries(): Promise<ReadonlyMap<string, string>> {
    return this.#turns.run(async () => new Map((await this.#current())?.records() ?? []))
  }

  /** Replaces the file by what `change` makes of its content; not at all when that returns undefined. @throws {Fault} `io-error`, `unavailable` */
  async update(change: (entries: Map<string, string>) => Map<string, string> | undefined): Promise<void> {
    const {path, tryLock} = this.#options
    try {
      await mkdir(dirname(path), {recursive: true, mode: 0o700})
      await withLock({path: `${path}.lock`, mode: 0o600, tryLock: tryLock()}, async () => {
        const entries = change(new Map(await this.entries()))
        if (entries) await this.#replace(entries)
      })
    } catch (error) {
      throw error instanceof Fault ? error : new Fault('io-error', `Cannot write "${path}": ${systemText(error)}`, {cause: error})
    }
  }

  close(): Promise<void> {
    return this.#turns.run(async () => {
      this.#closed = true
      await this.#database?.close()
      this.#database = undefined
    })
  }

  async #current(): Promise<KeyedDatabase | undefined> {
    if (this.#closed) throw new Fault('unavailable', `"${this.#options.path}" is closed`)
    const {path} = this.#options
    const identity = this.#identity()
    if (this.#database && sameFile(identity, this.#database.identity)) return this.#database
    await this.#database?.close()
    this.#database = undefined
    this.#database = identity && (await openKeyedDatabase(path))
    return this.#database
  }

  /** Of the file that is there now. @throws {Fault} `unavailable` */
  #identity(): FileIdentity | undefined {
    const {path} = this.#options
    try {
      return identityOf(path)
    } catch (error) {
      throw new Fault('unavailable', `Cannot read "${path}": ${systemText(error)}`, {cause: error})
    }
  }

  async #replace(entries: ReadonlyMap<string, string>): Promise<void> {
    const {path, generation} = this.#options
    const temporary = `${path}.tmp`
    try {
      await buildKeyedDatabases([{path: temporary, mode: 0o600}], ([add]) => {
        for (const [key, value] of entries) add?.(key, value)
      })
      await sealKeyedDatabase(temporary, generation())
      await giveToOwner(dirname(path), [temporary, `${path}.lock`])
      await rename(temporary, path)
      await syncDirectory(dirname(path))
    } finally {
      await rm(temporary, {force: true})
    }
  }
}

/** What root makes is the server's, to whom the directory belongs. */
async function giveToOwner(directory: string, files: readonly string[]): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const {uid, gid} = await stat(directory)
  for (const file of files) await chown(file, uid, gid)
}
