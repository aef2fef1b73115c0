/** A view and the log after it make the folder as it was left. */
import {flagsOfName} from '../../file-names.js'
import {inOrder, type MessageRow, type StateChange} from '../../folder/chunk.js'
import {KeywordTable} from '../../folder/keyword-table.js'
import type {Snapshot} from '../../folder/snapshot.js'
import type {Uid} from '../../types.js'
import type {SavedFolder} from '../metadata-index.js'
import type {LogEntry, LoggedChange, LoggedMessages, LogState} from './log-file.js'
import {DEAD, type RowColumns} from './row-columns.js'
import {MetadataRows} from './rows.js'
import type {ViewState} from './view-file.js'

/** A message of which nothing but the name has been told. */
const NEW = {info: '', flags: 0, keywordSet: 0, modseq: 0}

/** The state of the folder after the entries of a log. @throws {RangeError} they do not go together */
export function stateAfter(view: ViewState, entries: readonly LogEntry[]): SavedFolder {
  const sets = new SavedKeywords(view.keywordSets)
  const replay = new Replay(view.snapshot, sets)
  let {uidNext, highestModseq, identity} = view
  for (const {state} of entries) {
    if (!state) continue
    replay.take(state)
    ;({uidNext, highestModseq, identity} = state)
  }
  const keywords = (set: number) => sets.keywords(set)
  return {uidValidity: view.uidValidity, uidNext, highestModseq, identity, snapshot: replay.end(), keywords}
}

/** The rows of a view, so many at the beginning of columns, after the entries of a log. */
export function rowsAfter(columns: RowColumns, count: number, entries: readonly LogEntry[]): MetadataRows {
  const rows = new MetadataRows(columns, {count})
  for (const entry of entries) {
    for (const row of entry.rows) {
      if (row.parts === DEAD) rows.remove(row.uid)
      else rows.put(row)
    }
  }
  return rows
}

/** Keyword sets by the numbers of the view, with those of the log after them. */
class SavedKeywords {
  readonly #saved: readonly (readonly string[])[]
  readonly #more = new KeywordTable()

  constructor(saved: readonly (readonly string[])[]) {
    this.#saved = saved
  }

  numberOf(keywords: readonly string[]): number {
    return keywords.length === 0 ? 0 : this.#saved.length + this.#more.numberOf(keywords)
  }

  keywords(set: number): readonly string[] {
    return this.#saved[set] ?? this.#more.keywords(set - this.#saved.length)
  }
}

/** Makes many entries one change of the snapshot where it can: each by itself would copy a stretch of messages. */
class Replay {
  readonly #sets: SavedKeywords
  #snapshot: Snapshot
  /** In ascending order of UID; not in the snapshot yet. */
  readonly #added = new Map<number, MessageRow>()
  /** Of messages in the snapshot. */
  readonly #changes = new Map<number, StateChange>()
  #highest: number

  constructor(snapshot: Snapshot, sets: SavedKeywords) {
    this.#sets = sets
    this.#snapshot = snapshot
    this.#highest = highestOf(snapshot)
  }

  /** @throws {RangeError} it does not go on from what came before */
  take({gone, added, changed}: LogState): void {
    if (gone.length > 0) {
      this.#snapshot = this.end().without(gone)
      this.#highest = highestOf(this.#snapshot)
    }
    this.#add(added)
    for (const change of changed) this.#change(change)
  }

  /** The messages after all that was taken. @throws {RangeError} some that have changed do not exist */
  end(): Snapshot {
    if (this.#snapshot.indexesOf([...this.#changes.keys()]).includes(-1)) throw new RangeError('Messages are not in the view')
    this.#snapshot = this.#snapshot.append([...this.#added.values()]).change(inOrder(this.#changes))
    this.#added.clear()
    this.#changes.clear()
    return this.#snapshot
  }

  #add({uids, bases}: LoggedMessages): void {
    for (const [place, uid] of uids.entries()) {
      if (uid <= this.#highest) throw new RangeError(`UID ${uid} does not go on from the view`)
      this.#highest = uid
      this.#added.set(uid, {...NEW, uid: uid as Uid, base: bases[place] ?? ''})
    }
  }

  #change({info, modseq, keywords, uids}: LoggedChange): void {
    const state = {info, modseq, flags: flagsOfName(`x${info}`), keywordSet: this.#sets.numberOf(keywords)}
    for (const uid of uids) {
      const added = this.#added.get(uid)
      if (added) this.#added.set(uid, {...added, ...state})
      else this.#changes.set(uid, state)
    }
  }
}

function highestOf(snapshot: Snapshot): number {
  return snapshot.size > 0 ? snapshot.uidAt(snapshot.size - 1) : 0
}
