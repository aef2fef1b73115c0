import {BadSyntax} from '../../support/fault.js'
import type {Cursor} from '../grammar/cursor.js'

export type SortKey = 'ARRIVAL' | 'CC' | 'DATE' | 'FROM' | 'SIZE' | 'SUBJECT' | 'TO'

export interface SortCriterion {
  readonly key: SortKey
  readonly reverse: boolean
}

/** The keys of RFC 5256 §3. */
const KEYS: ReadonlySet<string> = new Set<SortKey>(['ARRIVAL', 'CC', 'DATE', 'FROM', 'SIZE', 'SUBJECT', 'TO'])

/**
 * `(REVERSE DATE SUBJECT)` (RFC 5256 §5, sort-criteria). A key that comes again decides nothing and is left out.
 *
 * Courier: takes REVERSE REVERSE; by the RFC it is an error.
 */
export function readSortCriteria(line: Cursor): SortCriterion[] {
  const criteria = line.list((inside): SortCriterion => {
    const first = inside.word('a sort key')
    if (first !== 'REVERSE') return {key: sortKey(first), reverse: false}
    return {key: sortKey(inside.space().word('a sort key')), reverse: true}
  })
  if (criteria.length === 0) throw line.expected('a sort key')
  return criteria.filter(({key}, index) => criteria.findIndex((other) => other.key === key) === index)
}

function sortKey(word: string): SortKey {
  if (KEYS.has(word)) return word as SortKey
  throw new BadSyntax(`Unknown sort key: ${word}`)
}
