/** A view and the log after it make the folder as it was left. */
import {flagsOfName} from '../../file-names.js'
import type {MessageRow, StateChange} from '../../folder/chunk.js'
import {KeywordTable} from '../../folder/keyword-table.js'
import type {Snapshot} from '../../folder/snapshot.js'
import type {SavedFolder} from '../metadata-index.js'
import type {LogEntry, LoggedMessage, LogState} from './log-file.js'
import {DEAD, MetadataRows} from './rows.js'
import type {ViewFile} from './view-file.js'

/** @throws {RangeError} they do not go together */
export function applyLog(view: ViewFile, entries: readonly LogEntry[]) {
  const rows = new MetadataRows(view.rows)
  const sets = new SavedKeywords(view.state.keywordSets)
  let {recordsEnd} = view
  let {snapshot, uidNext, highestModseq, identity} = view.state
  for (const entry of entries) {
    recordsEnd = entry.recordsEnd
    for (const row of entry.rows) {
      if (row.parts === DEAD) rows.remove(row.uid)
      else rows.put(row)
    }
    if (!entry.state) continue
    snapshot = applyState(snapshot, entry.state, sets)
    ;({uidNext, highestModseq, identity} = entry.state)
  }
  const state: SavedFolder = {
    uidValidity: view.state.uidValidity,
    uidNext,
    highestModseq,
    identity,
    snapshot,
    keywords: (set) => sets.keywords(set),
  }
  return {state, rows, recordsEnd}
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

function applyState(before: Snapshot, {gone, put}: LogState, sets: SavedKeywords): Snapshot {
  const snapshot = before.without(gone)
  const changes = new Map<number, StateChange>()
  const added: MessageRow[] = []
  let highest: number = snapshot.size > 0 ? snapshot.uidAt(snapshot.size - 1) : 0
  for (const message of put) {
    const index = snapshot.indexOf(message.uid)
    if (index >= 0 && snapshot.baseAt(index) === message.base) changes.set(message.uid, changeOf(message, sets))
    else if (message.uid > highest) {
      highest = message.uid
      const {uid, base, info, modseq} = message
      added.push({uid, base, info, modseq, flags: flagsOfName(`x${info}`), keywordSet: sets.numberOf(message.keywords)})
    } else throw new RangeError(`UID ${message.uid} does not go on from the view`)
  }
  return snapshot.change(changes).append(added)
}

function changeOf({info, modseq, keywords}: LoggedMessage, sets: SavedKeywords): StateChange {
  return {info, modseq, flags: flagsOfName(`x${info}`), keywordSet: sets.numberOf(keywords)}
}
