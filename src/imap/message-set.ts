import type {MessageNumber, Uid, View} from '../maildir/types.js'
import {BadSyntax} from '../support/fault.js'

/** `*`: the highest number in use (RFC 3501 §9, seq-number). */
export const STAR = Number.POSITIVE_INFINITY

/** Both ends included; either may be `STAR`, and the first may be greater than the last. */
export interface SetRange {
  readonly first: number
  readonly last: number
}

/** `1,3:5,10:*` as read; resolved against a view when the command runs. */
export type MessageSet = readonly SetRange[]

/** Sorts ranges whose ends are known and joins those that touch: O(k log k) in the number of ranges. */
function merged(ranges: readonly SetRange[]): SetRange[] {
  const sorted = [...ranges].sort((a, b) => a.first - b.first)
  const result: {first: number; last: number}[] = []
  for (const {first, last} of sorted) {
    const previous = result.at(-1)
    if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last)
    else result.push({first, last})
  }
  return result
}

/** Ranges with `*` replaced and the ends in order: `4:2` is `2:4` (RFC 3501 §9, seq-range). */
function ordered(set: MessageSet, star: number): SetRange[] {
  return set.map(({first, last}) => {
    const a = first === STAR ? star : first
    const b = last === STAR ? star : last
    return a <= b ? {first: a, last: b} : {first: b, last: a}
  })
}

function expand(ranges: readonly SetRange[]): MessageNumber[] {
  const numbers: MessageNumber[] = []
  for (const {first, last} of merged(ranges)) for (let n = first; n <= last; n++) numbers.push(n as MessageNumber)
  return numbers
}

/**
 * Numbers that a set of sequence numbers means, ascending, each once.
 *
 * Courier: sends `* NO Invalid message sequence number: N` and goes on; a number above the number of messages, and `*`
 * in an empty mailbox, are BAD (RFC 3501 §9, seq-number).
 *
 * @throws {BadSyntax} a number is greater than the number of messages
 */
export function resolveNumbers(set: MessageSet, view: Pick<View, 'size'>): MessageNumber[] {
  const ranges = ordered(set, view.size)
  for (const {first, last} of ranges) {
    const wrong = first < 1 ? first : last > view.size ? last : undefined
    if (wrong !== undefined) throw new BadSyntax(`Invalid message sequence number: ${wrong === 0 ? '*' : wrong}`)
  }
  return expand(ranges)
}

/** Numbers of the messages that a set of UIDs means, ascending, each once; UIDs of no message mean nothing (RFC 3501 §6.4.8). */
export function resolveUids(set: MessageSet, view: Pick<View, 'size' | 'uidOf' | 'firstFrom'>): MessageNumber[] {
  if (view.size === 0) return []
  const highest = view.uidOf(view.size as MessageNumber)
  const ranges = merged(ordered(set, highest)).map(({first, last}) => ({
    first: view.firstFrom(first as Uid),
    last: last >= highest ? view.size : view.firstFrom((last + 1) as Uid) - 1,
  }))
  return expand(ranges.filter(({first, last}) => first <= last))
}

/** The messages that a set means, as UIDs after `UID`, else as sequence numbers. */
export function resolveSet(set: MessageSet, view: View, {uid}: {readonly uid: boolean}): MessageNumber[] {
  return uid ? resolveUids(set, view) : resolveNumbers(set, view)
}

/** Numbers as a set for the wire, in their order: ascending runs become `a:b`. Empty for no number. */
export function formatSet(numbers: readonly number[]): string {
  const parts: string[] = []
  let start = 0
  for (let i = 1; i <= numbers.length; i++) {
    if (i < numbers.length && numbers[i] === (numbers[i - 1] ?? 0) + 1) continue
    parts.push(i - start > 1 ? `${numbers[start]}:${numbers[i - 1]}` : `${numbers[start]}`)
    start = i
  }
  return parts.join(',')
}
