import {Fault} from '../../support/fault.js'
import {type FileIdentity, identityOf, type KeyedDatabase, openKeyedDatabase, sameFile} from '../../support/keyed-database.js'
import {systemText} from '../../support/system-text.js'
import {userdbPaths} from './paths.js'
import {type Field, parseFields} from './record.js'

/** How long a reader waits for the second file of a pair that is being replaced. */
const PAIR_ATTEMPTS = 40
const PAIR_PAUSE_MS = 25
/** How often a look-up opens the files again when they are replaced meanwhile. */
const OPEN_ATTEMPTS = 20
/** How long a failure to open counts, while the files are the same. */
const RETRY_MS = 1000
/** Records that are kept as they were read, for the next look-up of the name. */
const KEPT_RECORDS = 1000

/** What the databases say about one name: fields of `userdb` and of `userdbshadow`. */
export interface UserdbRecord {
  readonly fields: readonly Field[]
  readonly secrets: readonly Field[]
}

/** The two files of one run of makeuserdb; the shadow may be missing. */
interface Pair {
  readonly open: KeyedDatabase
  readonly shadow: KeyedDatabase | undefined
  /** What was read of them, by name, the oldest first. */
  readonly records: Map<string, UserdbRecord>
}

/** Which files are at the two paths. */
interface Identities {
  readonly open: FileIdentity | undefined
  readonly shadow: FileIdentity | undefined
}

/** What is known of the files at two paths, as long as they are these. */
interface State extends Identities {
  /** Undefined: there is no database. */
  readonly pair: Pair | undefined
  /** Set when they cannot be used; looked at again after `until`. */
  readonly failure?: {readonly fault: unknown; readonly until: number}
}

export interface UserdbReaderOptions {
  /** Path of the userdb text, beside which the databases are. */
  readonly source: string
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/**
 * Looks accounts up in the compiled userdb. The files' identities are compared at every look-up, so what makeuserdb has
 * put in place counts from then on (`design.md` §5); answers never mix two generations.
 */
export class UserdbReader {
  readonly #source: string
  readonly #paths: ReturnType<typeof userdbPaths>
  readonly #now: () => number
  #state: State | undefined
  #opening: Promise<void> | undefined
  #closed = false

  constructor({source, now}: UserdbReaderOptions) {
    this.#source = source
    this.#paths = userdbPaths(source)
    this.#now = now
  }

  /**
   * The record of a name (octets), undefined when there is none or no database.
   *
   * @throws {Fault} `unavailable` when a database is damaged or may not be read
   */
  async find(name: string): Promise<UserdbRecord | undefined> {
    for (let attempt = 0; attempt < OPEN_ATTEMPTS && !this.#closed; attempt += 1) {
      const state = this.#state
      if (state && this.#isCurrent(state)) return recordIn(state, name)
      this.#opening ??= this.#reopen().finally(() => {
        this.#opening = undefined
      })
      await this.#opening
    }
    throw new Fault('unavailable', this.#closed ? 'The userdb is closed' : `The userdb "${this.#source}" changes all the time`)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening
    const state = this.#state
    this.#state = undefined
    await closePair(state?.pair)
  }

  #isCurrent({open, shadow, failure}: State): boolean {
    if (failure && this.#now() >= failure.until) return false
    return sameFile(identity(this.#paths.open), open) && sameFile(identity(this.#paths.shadow), shadow)
  }

  async #reopen(): Promise<void> {
    const old = this.#state
    this.#state = undefined
    await closePair(old?.pair)
    // Identities from before the opening: a replacement during it is noticed at the next look-up.
    const found = {open: identity(this.#paths.open), shadow: identity(this.#paths.shadow)}
    try {
      const pair = await openPair(this.#source)
      this.#state = {open: pair?.open.identity, shadow: pair ? pair.shadow?.identity : found.shadow, pair}
    } catch (fault) {
      this.#state = {...found, pair: undefined, failure: {fault, until: this.#now() + RETRY_MS}}
    }
  }
}

/**
 * All records without their secrets, in the order of their names; none without a database. What makeuserdb puts in place
 * meanwhile does not count.
 *
 * @throws {Fault} `unavailable`
 */
export async function* userdbRecords(source: string): AsyncGenerator<{readonly name: string; readonly fields: readonly Field[]}> {
  const database = await openKeyedDatabase(userdbPaths(source).open)
  if (!database) return
  try {
    for (const [name, fields] of database.records()) yield {name, fields: parseFields(fields)}
  } finally {
    await database.close()
  }
}

/** Runs without a pause between the check and the look-up: the database cannot be closed in between. */
function recordIn({pair, failure}: State, name: string): UserdbRecord | undefined {
  if (failure) throw failure.fault instanceof Error ? failure.fault : new Fault('unavailable', String(failure.fault))
  const known = pair?.records.get(name)
  if (known) return known
  const fields = pair?.open.get(name)
  if (!pair || fields === undefined) return undefined
  const record = {fields: parseFields(fields), secrets: parseFields(pair.shadow?.get(name) ?? '')}
  pair.records.set(name, record)
  for (const oldest of pair.records.keys()) {
    if (pair.records.size <= KEPT_RECORDS) break
    pair.records.delete(oldest)
  }
  return record
}

/** @throws {Fault} `unavailable` */
function identity(path: string): FileIdentity | undefined {
  try {
    return identityOf(path)
  } catch (error) {
    throw new Fault('unavailable', `Cannot read "${path}": ${systemText(error)}`, {cause: error})
  }
}

async function closePair(pair: Omit<Pair, 'records'> | undefined): Promise<void> {
  await pair?.open.close()
  await pair?.shadow?.close()
}

/** Opens both files of one generation: between the renames of makeuserdb there is a moment when they differ. */
async function openPair(source: string): Promise<Pair | undefined> {
  const paths = userdbPaths(source)
  for (let attempt = 0; attempt < PAIR_ATTEMPTS; attempt += 1) {
    const open = await openKeyedDatabase(paths.open)
    if (open === undefined) return undefined
    const shadow = await openKeyedDatabase(paths.shadow).catch(async (error: unknown) => {
      await open.close()
      throw error
    })
    if (shadow === undefined || shadow.generation === open.generation) return {open, shadow, records: new Map()}
    await closePair({open, shadow})
    await new Promise((resolve) => setTimeout(resolve, PAIR_PAUSE_MS))
  }
  throw new Fault('unavailable', `"${paths.open}" and "${paths.shadow}" are not of one run: run makeuserdb again`)
}
