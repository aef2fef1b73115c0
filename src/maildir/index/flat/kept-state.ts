/** What `view` and `log` tell of a folder, and how that goes on: the log is appended to, or a new view makes an end of it. */
import {sameIdentity} from '../../folder/identity.js'
import type {FolderState} from '../metadata-index.js'
import {appendAt, makeDirectory, readParts, readWhole, removeFile, replaceFile} from './cache-files.js'
import {decodeLog, encodeLogEntry, LOG_HEADER_BYTES, type LogEntry, logHeader} from './log-file.js'
import {stateAfter} from './replay.js'
import {SavedRows} from './saved-rows.js'
import {encodeView, readView, type SavedView, type ViewFile} from './view-file.js'

const FILE_LIMIT_BYTES = 1024 * 1024 * 1024
/** A log that is left behind is made a view from this on: it takes longer to be read. */
const LAST_LOG_BYTES = 32 * 1024
/** A log is made a view when it has as much as this, and an eighth of the view. */
const LOG_BYTES = 256 * 1024

/** The files of a folder as they were found. */
export interface FoundFiles {
  readonly state: FolderState
  readonly rows: SavedRows
  readonly recordsGeneration: SavedView['recordsGeneration']
  readonly recordsEnd: number
}

export class KeptState {
  readonly #directory: string
  readonly #seed: number
  #state: FolderState | undefined
  /** 0: there is no view that the log could go on from. */
  #generation = 0
  #viewBytes = 0
  /** The view has rows. */
  #hasRows = false
  /** 0: there is no log yet. */
  #logBytes = 0

  /** `seed`: checksums begin with it. */
  constructor(directory: string, seed: number) {
    this.#directory = directory
    this.#seed = seed
  }

  /** What they tell; undefined: nothing. */
  get state(): FolderState | undefined {
    return this.#state
  }

  /** There is a view, and more can be told in the log. */
  get canGoOn(): boolean {
    return this.#generation > 0
  }

  get #view(): string {
    return `${this.#directory}/view`
  }

  get #log(): string {
    return `${this.#directory}/log`
  }

  /** Reads the files. undefined: there are none. @throws {Error} they are damaged, of another version, or cannot be read */
  read(): FoundFiles | undefined {
    const found = readParts(this.#view, FILE_LIMIT_BYTES, (part, size) => ({view: readView(part, this.#seed), size}))
    if (!found) return undefined
    const {view, size} = found
    if (!view) throw new RangeError('The view is damaged or of another version')
    const octets = readWhole(this.#log, FILE_LIMIT_BYTES)
    const read = octets && decodeLog(Buffer.from(octets), {seed: this.#seed, generation: view.generation})
    const log = read?.entries ?? []
    const state = stateAfter(view.state, log)
    this.#state = state
    // What a log, or the end of one, said is unknown; a new view makes an end of it. A view without rows may have none.
    const isWhole = octets ? read?.isWhole === true : view.rows.count === 0
    this.#generation = isWhole ? view.generation : 0
    this.#viewBytes = size
    this.#logBytes = octets?.byteLength ?? 0
    const rows = new SavedRows({path: this.#view, rows: view.rows, log, isDoubtful: !isWhole})
    return {state, rows, recordsGeneration: view.recordsGeneration, recordsEnd: log.at(-1)?.recordsEnd ?? view.recordsEnd}
  }

  /** What they tell is of no use. */
  forget(): void {
    this.#state = undefined
    this.#generation = 0
  }

  /** More must not be told in the log: the next is a new view. */
  end(): void {
    this.#generation = 0
  }

  /** They tell this already. */
  tells({identity, snapshot, uidNext, highestModseq}: FolderState): boolean {
    const kept = this.#state
    if (!kept || !this.canGoOn) return false
    const isSame = kept.identity && identity ? sameIdentity(kept.identity, identity) : kept.identity === identity
    return isSame && kept.snapshot === snapshot && kept.uidNext === uidNext && kept.highestModseq === highestModseq
  }

  /** The log takes long to be read. `isLast`: it is left behind, and has to be read by whoever comes next. */
  isLong({isLast}: {readonly isLast: boolean}): boolean {
    return isLast ? this.#logBytes > LAST_LOG_BYTES : this.#logBytes > LOG_BYTES && this.#logBytes > this.#viewBytes / 8
  }

  /** Goes on in the log: after this entry they tell `state`. False: somebody else has written to it. @throws {Error} the disk is full, … */
  append(entry: LogEntry, state: FolderState): boolean {
    const encoded = encodeLogEntry(entry, this.#seed)
    const octets = this.#logBytes === 0 ? Buffer.concat([logHeader(this.#generation), encoded]) : encoded
    if (!appendAt(this.#log, this.#logBytes, octets)) return false
    this.#logBytes += octets.length
    this.#state = state
    return true
  }

  /** The generation of the next view. `nowMs`: milliseconds since 1970. */
  nextGeneration(nowMs: number): number {
    return nextGeneration(this.#generation, nowMs)
  }

  /** Puts a view in place of the one before. It counts once its log is begun. @throws {Error} the disk is full, … */
  async putView(view: ViewFile): Promise<void> {
    makeDirectory(this.#directory)
    const octets = await encodeView(view, this.#seed)
    await replaceFile(this.#view, octets)
    this.#viewBytes = octets.reduce((sum, {length}) => sum + length, 0)
    this.#hasRows = view.rows.places.length > 0
  }

  /**
   * Begins the log of the view of this generation, which tells `state`. That of a view with rows must exist: where it is lost, nobody
   * knows what it said of them. @throws {Error} the disk is full, …
   */
  beginLog(generation: number, state: FolderState): void {
    removeFile(this.#log)
    if (this.#hasRows) appendAt(this.#log, 0, logHeader(generation))
    this.#logBytes = this.#hasRows ? LOG_HEADER_BYTES : 0
    this.#generation = generation
    this.#state = state
  }
}

/** A number for a new file: above the one before, even if the clock was set back. `nowMs`: milliseconds since 1970. */
export function nextGeneration(last: number, nowMs: number): number {
  return Math.max(last + 1, Math.floor(nowMs * 1000))
}
