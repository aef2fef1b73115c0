/** What an earlier process left in the index about a folder, taken up by this one. */
import {STRIDE, type Steps} from '../../support/steps.js'
import type {SavedFolder} from '../index/metadata-index.js'
import {hasNoKeywords, type MessageRow} from './chunk.js'
import type {KeywordTable} from './keyword-table.js'
import {Snapshot} from './snapshot.js'

/** The messages with the keyword sets numbered by `table`. */
export function takeUpSnapshot(saved: SavedFolder, table: KeywordTable): Snapshot {
  const numbers = new Map<number, number>([[0, 0]])
  const numberOf = (set: number) => {
    let number = numbers.get(set)
    if (number === undefined) {
      number = table.numberOf(saved.keywords(set))
      numbers.set(set, number)
    }
    return number
  }
  const columns = saved.snapshot.columns()
  // Mostly the numbers are the same, and so is the snapshot: what has changed since is found without a comparison.
  if (columns.every(({keywordSets}) => hasNoKeywords(keywordSets) || keywordSets.every((set) => numberOf(set) === set)))
    return saved.snapshot
  return Snapshot.ofColumns(columns.map((stretch) => ({...stretch, keywordSets: stretch.keywordSets.map(numberOf)})))
}

/**
 * Messages that are as they were keep their modification sequence (RFC 7162 §3.1). `rows` in ascending order of UID.
 * Answers how many do, in steps.
 */
export function* keepModseqs(rows: MessageRow[], saved: SavedFolder, keywords: (set: number) => readonly string[]): Steps<number> {
  const {snapshot} = saved
  const isSameSet = (a: number, b: number) => (a === 0 && b === 0) || keywords(a).join(' ') === saved.keywords(b).join(' ')
  let kept = 0
  let index = 0
  for (let place = 0; place < rows.length; place += 1) {
    if (place % STRIDE === 0) yield
    const {uid, base, info, flags, keywordSet} = rows[place] as MessageRow
    while (index < snapshot.size && snapshot.uidAt(index) < uid) index += 1
    if (index === snapshot.size) break
    const isSame = snapshot.uidAt(index) === uid && snapshot.isNamed(index, base, base.length) && snapshot.infoAt(index) === info
    if (!isSame || !isSameSet(keywordSet, snapshot.keywordSetAt(index))) continue
    rows[place] = {uid, base, info, flags, keywordSet, modseq: snapshot.modseqAt(index)}
    kept += 1
  }
  return kept
}
