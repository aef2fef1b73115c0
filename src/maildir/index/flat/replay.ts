/** A view and the log after it make the folder as it was left. */
import {flagsOfName} from '../../file-names.js'
import type {MessageRow, StateChange} from '../../folder/chunk.js'
import {KeywordTable} from '../../folder/keyword-table.js'
import type {Snapshot} from '../../folder/snapshot.js'
import type {SavedFolder} from '../metadata-index.js'
import type {LogEntry, LoggedChange, LogState} from './log-file.js'
import {DEAD, MetadataRows, type RowColumns} from './rows.js'
import type {ViewState} from './view-file.js'

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

/** The rows of a view after the entries of a log. */
export function rowsAfter(columns: RowColumns, entries: readonly LogEntry[]): MetadataRows {
  const rows = new MetadataRows(columns)
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
  const snapshot = before.without(gone)
  const changes = new Map<number, StateChange>()
  for (const change of changed) {
    const state = stateOf(change, sets)
    for (const uid of change.uids) {
      if (snapshot.indexOf(uid) < 0) throw new RangeError(`UID ${uid} is not in the view`)
      changes.set(uid, state)
    }
  }
  const rows: MessageRow[] = []
  let highest: number = snapshot.size > 0 ? snapshot.uidAt(snapshot.size - 1) : 0
  for (const message of added) {
    const {uid, base} = message
    if (uid <= highest) throw new RangeError(`UID ${uid} does not go on from the view`)
    highest = uid
    rows.push({uid, base, ...stateOf(message, sets)})
  }
  return snapshot.change(changes).append(rows)
}

function stateOf({info, modseq, keywords}: Omit<LoggedChange, 'uids'>, sets: SavedKeywords) {
  return {info, modseq, flags: flagsOfName(`x${info}`), keywordSet: sets.numberOf(keywords)}
}
