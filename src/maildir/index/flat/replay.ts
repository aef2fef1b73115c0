/** A view and the log after it make the folder as it was left. */
import {flagsOfName} from '../../file-names.js'
import {inOrder, type MessageRow, type StateChange} from '../../folder/chunk.js'
import {KeywordTable} from '../../folder/keyword-table.js'
import type {Snapshot} from '../../folder/snapshot.js'
import type {Uid} from '../../types.js'
import type {SavedFolder} from '../metadata-index.js'
import type {LogEntry, LoggedMessages, LogState} from './log-file.js'
import {DEAD, type RowColumns} from './row-columns.js'
import {MetadataRows} from './rows.js'
import type {ViewState} from './view-file.js'

/** A message of which nothing but the name has been told. */
const NEW = {info: '', flags: 0, keywordSet: 0, modseq: 0}

/** The state of the folder after the entries of a log. @throws {RangeError} they do not go together */
export function stateAfter(view: ViewState, entries: readonly LogEntry[]): SavedFolder {
  const sets = new SavedKeywords(view.keywordSets)
  let {snapshot, uidNext, highestModseq, identity} = view
  for (const {state} of entries) {
    if (!state) continue
    snapshot = applyState(snapshot, state, sets)
    ;({uidNext, highestModseq, identity} = state)
  }
  return {uidValidity: view.uidValidity, uidNext, highestModseq, identity, snapshot, keywords: (set) => sets.keywords(set)}
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

function applyState(before: Snapshot, {gone, added, changed}: LogState, sets: SavedKeywords): Snapshot {
  const snapshot = withAdded(before.without(gone), added)
  const changes = new Map<number, StateChange>()
  for (const {info, modseq, keywords, uids} of changed) {
    if (snapshot.indexesOf(uids).includes(-1)) throw new RangeError('Messages are not in the view')
    const state = {info, modseq, flags: flagsOfName(`x${info}`), keywordSet: sets.numberOf(keywords)}
    for (const uid of uids) changes.set(uid, state)
  }
  return snapshot.change(inOrder(changes))
}

function withAdded(snapshot: Snapshot, {uids, bases}: LoggedMessages): Snapshot {
  const highest: number = snapshot.size > 0 ? snapshot.uidAt(snapshot.size - 1) : 0
  if ((uids[0] ?? Number.POSITIVE_INFINITY) <= highest) throw new RangeError(`UID ${uids[0]} does not go on from the view`)
  const rowOf = (uid: number, place: number): MessageRow => ({...NEW, uid: uid as Uid, base: bases[place] ?? ''})
  return snapshot.append(uids.map(rowOf))
}
