/**
 * A listing that has exactly the names that we know, in our order, as that of a folder mostly is when it is read again after changes
 * of our own. Comparing the text of stretches takes a tenth of the time that looking at each name takes.
 */
import type {Steps} from '../../support/steps.js'
import {basesAt} from './chunk.js'
import type {Snapshot, SnapshotColumns} from './snapshot.js'

/** Between names: no file name has it. */
const SLASH = '/'

/** May say no where it is so. Names that could be those of other messages (`isNameOf`) count as another listing. */
export function* isSameListing(snapshot: Snapshot, listed: readonly string[]): Steps<boolean> {
  if (listed.length !== snapshot.size) return false
  let start = 0
  for (const columns of snapshot.columns()) {
    const end = start + columns.uids.length
    if (listed.slice(start, end).join(SLASH) !== namesOf(columns)) return false
    start = end
    yield
  }
  return true
}

/** The file names of a stretch; undefined where one has no ending. */
function namesOf({uids, bases, infos}: SnapshotColumns): string | undefined {
  const parts: string[] = []
  const known = basesAt(bases, Int32Array.from(uids.keys()))
  for (let offset = 0; offset < known.length; offset += 1) {
    const info = infos.at(offset) ?? ''
    if (info === '') return undefined
    if (offset > 0) parts.push(SLASH)
    parts.push(known[offset] ?? '', info)
  }
  return parts.join('')
}
