import {errnoOf} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import {paced} from '../../support/steps.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import type {FileFacts, MaildirFiles} from '../files.js'
import {formatUidDatabase, type UidDatabase, UidDatabaseText, uidDatabaseSteps} from '../uid-database.js'
import {sameFacts, samePlace} from './identity.js'

/** More than 4 million messages. */
const LARGEST_BYTES = 512 * 1024 * 1024

const LF = 0x0a

/** Lines that are made before others get their turn. */
const LINES_AT_ONCE = 1000

const EMPTY = Buffer.alloc(0)

export interface UidHeader {
  readonly uidValidity: number
  readonly uidNext: number
}

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
  readonly #stampMs: () => number | undefined
  /** The file that memory agrees with. */
  #facts: FileFacts | undefined
  /** Its lines without the first, while messages keep arriving. */
  #text: UidDatabaseText | undefined

  /** `stampMs`: the file time of a new database (milliseconds since 1970); undefined: that of the clock. */
  constructor(env: StoreEnvironment, folder: string, stampMs: () => number | undefined) {
    this.#env = env
    this.#folder = folder
    this.#stampMs = stampMs
  }

  /** Nobody has replaced the file since it was read or written here. */
  isCurrent(facts: FileFacts | undefined = this.#stat()): boolean {
    return this.#facts !== undefined && sameFacts(facts, this.#facts)
  }

  /** What memory holds is known to be that file's. */
  takeUp(facts: FileFacts | undefined): void {
    this.#facts = facts
    this.#text = undefined
  }

  /** Reads the file. undefined: there is none that can be used. @throws {Fault} `io-error` when it cannot be read */
  async read(): Promise<UidDatabase | undefined> {
    return this.parse(await this.readOctets())
  }

  /** The file as it is; undefined: there is none. @throws {Fault} `io-error` when it cannot be read */
  async readOctets(): Promise<Buffer | undefined> {
    const before = this.#stat()
    let bytes: Buffer | undefined
    try {
      bytes = await this.#env.files.readFile(`${this.#folder}/courierimapuiddb`, LARGEST_BYTES)
    } catch (error) {
      throw fileFault(error, `Cannot read "${this.#folder}/courierimapuiddb"`)
    }
    this.#facts = bytes && before
    this.#text = undefined
    return bytes
  }

  /** What the octets say, in turn with other work. undefined: they cannot be used. */
  async parse(octets: Buffer | undefined): Promise<UidDatabase | undefined> {
    const database = octets && (await paced(uidDatabaseSteps(octets), new Pace()))
    if (octets && octets.length > 0 && !database)
      this.#env.log.warning('maildir.bad-uid-database', {path: `${this.#folder}/courierimapuiddb`})
    return database
  }

  /** Writes a new database to `tmp/` and syncs it: no UID may be told before (`design.md` §3). */
  async prepare(header: UidHeader, entries: Iterable<readonly [base: string, uid: number]>): Promise<PreparedUidFile> {
    return this.#prepare(header, await textOf(entries), EMPTY)
  }

  /** The same for messages that come behind those in the file: its lines are taken as they are. `all` is for when they are not at hand. */
  async prepareMore(
    header: UidHeader,
    added: Iterable<readonly [base: string, uid: number]>,
    all: () => Iterable<readonly [base: string, uid: number]>,
  ): Promise<PreparedUidFile> {
    const before = await this.#lines()
    return before ? this.#prepare(header, before, (await textOf(added)).lines()) : this.prepare(header, all())
  }

  /**
   * Gives the file, if there is one, another file time (milliseconds since 1970). Where memory agrees with the file, it still does:
   * nothing else has changed. Never fails.
   */
  async touch(mtimeMs: number): Promise<void> {
    const before = this.#stat()
    if (!before) return // it is yet to be made, and begins with the stamp
    try {
      await this.#env.files.touch(`${this.#folder}/courierimapuiddb`, mtimeMs)
    } catch {
      return
    }
    const after = this.#stat()
    const isKnown = sameFacts(before, this.#facts) && samePlace(before, after) && after?.size === before.size
    // File systems round.
    if (isKnown && Math.abs(Number(after.mtimeNs) / 1e6 - mtimeMs) < 1) this.#facts = after
  }

  /** No more messages are expected soon: what was kept for them is given back. */
  rest(): void {
    this.#text = undefined
  }

  /** The lines of the file that memory agrees with, without the first. */
  async #lines(): Promise<UidDatabaseText | undefined> {
    if (!this.isCurrent()) return undefined
    if (this.#text) return this.#text
    const content = await this.#env.files.readFile(`${this.#folder}/courierimapuiddb`, LARGEST_BYTES).catch(() => undefined)
    const end = content?.indexOf('\n') ?? -1
    if (!content || end < 0 || content.at(-1) !== LF) return undefined
    const text = new UidDatabaseText()
    text.appendLines(content.subarray(end + 1))
    return text
  }

  async #prepare(header: UidHeader, text: UidDatabaseText, more: Buffer): Promise<PreparedUidFile> {
    const {files, names} = this.#env
    const temporary = `${this.#folder}/tmp/${names.side('imapuid')}`
    await writeFile(files, temporary, {content: [formatUidDatabase(header, []), text.lines(), more], mtimeMs: this.#stampMs()})
    return {
      commit: async () => {
        try {
          await files.rename(temporary, `${this.#folder}/courierimapuiddb`)
        } catch (error) {
          await files.unlink(temporary).catch(() => false)
          throw error
        }
        this.#facts = this.#stat()
        text.appendLines(more)
        this.#text = text
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

/** The text of lines, made in turn with other work. */
async function textOf(entries: Iterable<readonly [base: string, uid: number]>): Promise<UidDatabaseText> {
  const text = new UidDatabaseText()
  const pace = new Pace()
  let batch: (readonly [base: string, uid: number])[] = []
  for (const entry of entries) {
    batch.push(entry)
    if (batch.length < LINES_AT_ONCE) continue
    text.append(batch)
    batch = []
    if (pace.due) await pace.pause()
  }
  text.append(batch)
  return text
}

/** Makes a file of these octets and syncs it. A file that cannot be written whole does not stay. */
async function writeFile(
  files: MaildirFiles,
  path: string,
  {content, mtimeMs}: {readonly content: readonly Buffer[]; readonly mtimeMs: number | undefined},
): Promise<void> {
  const file = await files.begin(path, {mode: 0o666})
  try {
    for (const part of content) if (part.length > 0) await file.write(part)
    await file.finish({sync: true, mtimeMs})
  } catch (error) {
    await file.abort()
    await files.unlink(path).catch(() => false)
    throw error
  }
}
