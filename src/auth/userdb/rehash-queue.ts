import type {Log} from '../../log/log.js'
import type {TryLock} from '../native.js'
import {setFields} from './change-fields.js'
import {editRecords, type RecordEdit} from './edit-records.js'
import {withLock} from './lock.js'
import {editPaths, fileOf} from './paths.js'
import {fieldValue, formatField, parseFields} from './record.js'
import type {FieldRenewal} from './renew-secrets.js'
import {followLinks} from './text-file.js'
import type {UserdbMaker} from './userdb-maker.js'

/** Hashes that wait; more are left for the next login. */
const MAX_WAITING = 10_000

export interface RehashQueueOptions {
  /** Path of the userdb text. */
  readonly source: string
  readonly tryLock: () => TryLock
  readonly maker: UserdbMaker
  readonly log: Log
  /** From the first that waits to the change of the files, milliseconds. */
  readonly pauseMs: number
}

export interface QueuedRenewal extends Omit<FieldRenewal, 'from'> {
  /** Undefined: there is none yet. */
  readonly from: string | undefined
  /** Name of the record, octets. */
  readonly record: string
  /** `_` of the record. */
  readonly location: string
}

/**
 * Hashes to be replaced in userdb text, all of a while in one go: each file is rewritten once and the databases are made once, under
 * the locks of the tools (`design.md` §5). A record whose hash is no longer the old one stays as it is.
 */
export class RehashQueue {
  readonly #options: RehashQueueOptions
  readonly #waiting = new Map<string, QueuedRenewal>()
  #timer: NodeJS.Timeout | undefined
  #applying: Promise<void> = Promise.resolve()

  constructor(options: RehashQueueOptions) {
    this.#options = options
  }

  add(renewal: QueuedRenewal): void {
    const key = `${renewal.location}\n${renewal.record}\n${renewal.name}`
    if (this.#waiting.has(key) || this.#waiting.size >= MAX_WAITING) return
    this.#waiting.set(key, renewal)
    this.#timer ??= setTimeout(() => void this.apply(), this.#options.pauseMs).unref()
  }

  /** Changes the files now. Never rejects: what fails is logged, and found again at the next login. */
  apply(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const renewals = [...this.#waiting.values()]
    this.#waiting.clear()
    const {log} = this.#options
    this.#applying = this.#applying
      .then(() => this.#apply(renewals))
      .catch((error: unknown) => log.warning('auth.not-rehashed', {reason: error instanceof Error ? error.message : String(error)}))
    return this.#applying
  }

  /** What waits is not done: the next login finds it again. */
  close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#waiting.clear()
    return this.#applying
  }

  async #apply(renewals: readonly QueuedRenewal[]): Promise<void> {
    if (renewals.length === 0) return
    const {source, tryLock, maker, log} = this.#options
    const files = new Map<string, Map<string, RecordEdit>>()
    for (const renewal of renewals) {
      const path = await followLinks(fileOf(renewal.location, source))
      const edits = files.get(path) ?? new Map<string, RecordEdit>()
      const before = edits.get(renewal.record)
      edits.set(renewal.record, (text) => replaced(before ? before(text) : text, renewal))
      files.set(path, edits)
    }
    for (const [path, edits] of files) {
      await withLock({path: editPaths(path).lock, mode: 0o600, tryLock: tryLock()}, () => editRecords(path, {edits, others: 'keep'}))
    }
    const [problem] = await maker.make()
    if (problem) log.warning('auth.not-rehashed', {reason: `The userdb cannot be compiled: ${problem.text}`})
    else log.info('auth.rehashed', {count: renewals.length})
  }
}

function replaced(text: string | undefined, {name, from, to}: QueuedRenewal): string | undefined {
  if (text === undefined || fieldValue(parseFields(text), name) !== from) return text
  return setFields(text, [formatField({name, value: to})])
}
