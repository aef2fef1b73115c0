import type {Column, MessageMetadata, Recipe} from '../../maildir/types.js'
import {parseAddresses} from '../../message/addresses.js'
import {baseSubject} from '../../message/base-subject.js'
import {guessTextOf} from '../../message/charset.js'
import {sentEpoch} from '../../message/date.js'
import {localPart} from '../../message/envelope-text.js'
import {FieldNames} from '../../message/field-scan.js'
import {detached} from '../../message/octets.js'
import {STRIDE, type Steps, sortSteps} from '../../support/steps.js'
import type {SortKey} from './sort-keys.js'

/** What messages are sorted by: ranks say the order of the values, equal values have the same. */
export interface SortColumn extends Column<string | number> {
  readonly ranks: Recipe<string | number, Ranks>
}

export interface Ranks {
  /** In the order of the messages, from 0. */
  readonly ranks: Uint32Array
  /** How many there are. */
  readonly count: number
}

/** Only this much of a field is looked at for its first address. */
const ADDRESS_OCTETS = 4_096
const NUMBER_OCTETS = 8
const STRING_OCTETS = 24

/** UTF-16 puts characters above U+FFFF before some below; the order is that of UTF-8 (RFC 5051 §2). */
const SURROGATE = /[\ud800-\udfff]/

/** When a message came, epoch seconds. */
export function arrivalOf({internalDateMs}: MessageMetadata): number {
  return Math.floor(internalDateMs / 1000)
}

function ofNumber(need: 'date' | 'size', of: (metadata: MessageMetadata) => number): SortColumn {
  return {need, of, octets: () => NUMBER_OCTETS, ranks: ranked(0)}
}

/** A column made of the first field of a name. */
function ofField<T extends string | number>(name: string, of: (value: string, metadata: MessageMetadata) => T, empty: T): SortColumn {
  const names = new FieldNames([name])
  return {
    need: 'header',
    of: (metadata) => of(names.values(metadata.header)[0] ?? '', metadata),
    octets: (value) => (typeof value === 'string' ? STRING_OCTETS + value.length : NUMBER_OCTETS),
    ranks: ranked(empty),
  }
}

/** Courier: compares the whole address with case; RFC 5256 §3 compares the mailbox name (addr-mailbox) without. */
function firstMailbox(value: string): string {
  const [first] = parseAddresses(value.slice(0, ADDRESS_OCTETS))
  return detached(collated(guessTextOf((first && localPart(first).mailbox) ?? '').toUpperCase()))
}

/** Text in upper case in a form in which equal letters are equal (RFC 5051 §2). */
function collated(upper: string): string {
  return /[^\0-\x7f]/.test(upper) ? upper.normalize('NFKD') : upper
}

/** The columns of the sort keys (RFC 5256 §3). A message that is gone sorts as one without header that came first. */
export const SORT_COLUMNS: Readonly<Record<SortKey, SortColumn>> = {
  ARRIVAL: ofNumber('date', arrivalOf),
  // Courier: compares the octets of the file; RFC 5256 §3 means RFC822.SIZE.
  SIZE: ofNumber('size', ({wireBytes}) => wireBytes),
  // Courier: a message without a date comes first; RFC 5256 §3 takes its arrival.
  DATE: ofField('date', (value, metadata) => sentEpoch(value, arrivalOf(metadata)), 0),
  SUBJECT: ofField('subject', (value) => detached(collated(baseSubject(value).base)), ''),
  FROM: ofField('from', firstMailbox, ''),
  TO: ofField('to', firstMailbox, ''),
  CC: ofField('cc', firstMailbox, ''),
}

/** The ranks of values; those of messages that are gone count as `empty`. */
function ranked(empty: string | number): Recipe<string | number, Ranks> {
  return function* (values): Steps<Ranks> {
    const rankOf = new Map<string | number, number>()
    for (const [place, value] of values.entries()) {
      rankOf.set(value ?? empty, 0)
      if (place % STRIDE === 0) yield
    }
    const different = [...rankOf.keys()]
    const compare = different.some(isWide) ? compareOctets : compareValues
    for (const [rank, value] of (yield* sortSteps(different, compare)).entries()) rankOf.set(value, rank)
    const ranks = new Uint32Array(values.length)
    for (const [place, value] of values.entries()) {
      ranks[place] = rankOf.get(value ?? empty) ?? 0
      if (place % STRIDE === 0) yield
    }
    return {ranks, count: different.length}
  }
}

function isWide(value: string | number): boolean {
  return typeof value === 'string' && SURROGATE.test(value)
}

function compareValues(a: string | number, b: string | number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function compareOctets(a: string | number, b: string | number): number {
  return Buffer.compare(Buffer.from(`${a}`, 'utf8'), Buffer.from(`${b}`, 'utf8'))
}
