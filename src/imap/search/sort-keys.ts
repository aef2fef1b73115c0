import type {MessageMetadata, MetadataNeed} from '../../maildir/types.js'
import {parseAddresses} from '../../message/addresses.js'
import {baseSubject} from '../../message/base-subject.js'
import {guessTextOf} from '../../message/charset.js'
import {sentEpoch} from '../../message/date.js'
import {FieldNames, firstValues} from '../../message/field-scan.js'
import {BadSyntax} from '../../support/fault.js'
import type {Cursor} from '../grammar/cursor.js'
import {localPart} from '../replies/envelope.js'

export type SortKey = 'ARRIVAL' | 'CC' | 'DATE' | 'FROM' | 'SIZE' | 'SUBJECT' | 'TO'

export interface SortCriterion {
  readonly key: SortKey
  readonly reverse: boolean
}

/** Metadata that a key needs. */
const NEED: Readonly<Record<SortKey, MetadataNeed>> = {
  ARRIVAL: 'date',
  SIZE: 'size',
  CC: 'header',
  DATE: 'header',
  FROM: 'header',
  SUBJECT: 'header',
  TO: 'header',
}

const LEVELS: readonly MetadataNeed[] = ['date', 'size', 'header']

/** The most metadata that one of the keys needs. */
export function sortNeed(criteria: readonly SortCriterion[]): MetadataNeed {
  return LEVELS[Math.max(0, ...criteria.map(({key}) => LEVELS.indexOf(NEED[key])))] ?? 'header'
}

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
  if (word in NEED) return word as SortKey
  throw new BadSyntax(`Unknown sort key: ${word}`)
}

/** Values of one message, one for each criterion. */
export type SortValues = readonly (string | number)[]

/** Makes the function that says what messages are sorted by; one that is gone sorts as one without header that came first. */
export function sortValuesBy(criteria: readonly SortCriterion[]): (metadata: MessageMetadata | undefined) => SortValues {
  const names = new FieldNames(criteria.map(({key}) => key))
  const needsHeader = sortNeed(criteria) === 'header'
  return (metadata) => {
    const fields = firstValues(needsHeader && metadata ? metadata.header.toString('latin1') : '', names)
    return criteria.map(({key}) => sortValue(key, metadata, fields))
  }
}

function sortValue(key: SortKey, metadata: MessageMetadata | undefined, fields: ReadonlyMap<string, string>): string | number {
  const arrival = Math.floor((metadata?.internalDateMs ?? 0) / 1000)
  switch (key) {
    case 'ARRIVAL':
      return arrival
    // Courier: a message without a date comes first; RFC 5256 §3 takes its arrival.
    case 'DATE':
      return sentEpoch(fields.get('date'), arrival)
    // Courier: compares the octets of the file; RFC 5256 §3 means RFC822.SIZE.
    case 'SIZE':
      return metadata?.wireBytes ?? 0
    case 'SUBJECT':
      return collated(baseSubject(fields.get('subject') ?? '').base)
    default:
      return firstMailbox(fields.get(key.toLowerCase()) ?? '')
  }
}

/** Only this much of a field is looked at for its first address. */
const ADDRESS_OCTETS = 4_096

/** Courier: compares the whole address with case; RFC 5256 §3 compares the mailbox name (addr-mailbox) without. */
function firstMailbox(value: string): string {
  const [first] = parseAddresses(value.slice(0, ADDRESS_OCTETS))
  return collated(guessTextOf((first && localPart(first).mailbox) ?? '').toUpperCase())
}

/** Text in upper case in a form in which equal letters are equal (RFC 5051 §2). */
function collated(upper: string): string {
  return /[^\0-\x7f]/.test(upper) ? upper.normalize('NFKD') : upper
}

/** Order by the first criterion that tells two messages apart. */
export function compareValues(a: SortValues, b: SortValues, criteria: readonly SortCriterion[]): number {
  for (let i = 0; i < criteria.length; i++) {
    const order = compareValue(a[i] ?? 0, b[i] ?? 0)
    if (order !== 0) return criteria[i]?.reverse ? -order : order
  }
  return 0
}

function compareValue(a: string | number, b: string | number): number {
  if (a === b) return 0
  if (typeof a === 'string' && typeof b === 'string' && (SURROGATE.test(a) || SURROGATE.test(b))) {
    return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))
  }
  return a < b ? -1 : 1
}

/** UTF-16 puts characters above U+FFFF before some below; the order is that of UTF-8 (RFC 5051 §2). */
const SURROGATE = /[\ud800-\udfff]/
