import {errnoOf} from '../../support/fault.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import type {FileFacts} from '../files.js'
import {formatUidDatabase, parseUidDatabase, type UidDatabase} from '../uid-database.js'
import {sameFacts} from './identity.js'

/** More than 4 million messages. */
const LARGEST_BYTES = 512 * 1024 * 1024

/** A new database on disk under a temporary name, synced, not in force yet. */
export interface PreparedUidFile {
  /** Puts it in force; durable after the next sync of the folder. */
  commit(): Promise<void>
  /** The same unless there is a database already: that one stays. */
  commitIfMissing(): Promise<void>
  discard(): Promise<void>
}

/** `courierimapuiddb` of one folder: read when somebody else wrote it, replaced whole. The caller holds the folder's lock. */
export class UidFile {
  readonly #env: StoreEnvironment
  readonly #folder: string
  /** The file that memory agrees with. */
  #facts: FileFacts | undefined

  constructor(env: StoreEnvironment, folder: string) {
    this.#env = env
    this.#folder = folder
  }

  /** Nobody has replaced the file since it was read or written here. */
  isCurrent(facts: FileFacts | undefined = this.#stat()): boolean {
    return this.#facts !== undefined && sameFacts(facts, this.#facts)
  }

  /** Reads the file. undefined: there is none that can be used. @throws {Fault} `io-error` when it cannot be read */
  async read(): Promise<UidDatabase | undefined> {
    const before = this.#stat()
    let bytes: Buffer | undefined
    try {
      bytes = await this.#env.files.readFile(`${this.#folder}/courierimapuiddb`, LARGEST_BYTES)
    } catch (error) {
      throw fileFault(error, `Cannot read "${this.#folder}/courierimapuiddb"`)
    }
    this.#facts = bytes && before
    const database = bytes && parseUidDatabase(bytes)
    if (bytes && bytes.length > 0 && !database)
      this.#env.log.warning('maildir.bad-uid-database', {path: `${this.#folder}/courierimapuiddb`})
    return database
  }

  /** Writes a new database to `tmp/` and syncs it: no UID may be told before (`design.md` §3). */
  async prepare(
    header: {readonly uidValidity: number; readonly uidNext: number},
    entries: Iterable<readonly [base: string, uid: number]>,
  ): Promise<PreparedUidFile> {
    const {files, names} = this.#env
    const temporary = `${this.#folder}/tmp/${names.side('imapuid')}`
    await files.create(temporary, formatUidDatabase(header, entries), {mode: 0o666, sync: true})
    return {
      commit: async () => {
        try {
          await files.rename(temporary, `${this.#folder}/courierimapuiddb`)
        } catch (error) {
          await files.unlink(temporary).catch(() => false)
          throw error
        }
        this.#facts = this.#stat()
      },
      commitIfMissing: async () => {
        try {
          await files.link(temporary, `${this.#folder}/courierimapuiddb`)
        } catch (error) {
          if (errnoOf(error) !== 'EEXIST') throw error
        } finally {
          await files.unlink(temporary).catch(() => false)
        }
      },
      discard: async () => {
        await files.unlink(temporary).catch(() => false)
      },
    }
  }

  #stat(): FileFacts | undefined {
    return this.#env.files.stat(`${this.#folder}/courierimapuiddb`)
  }
}
