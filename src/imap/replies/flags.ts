import {FLAG, type FlagBits, type MessageNumber, type View} from '../../maildir/types.js'
import type {ReplyWriter} from './reply-writer.js'

/** Courier's order of flags in `FLAGS (…)` of FETCH (`spec/imap.md` §9.1). */
const NAMES: readonly (readonly [FlagBits, string])[] = [
  [FLAG.draft, '\\Draft'],
  [FLAG.flagged, '\\Flagged'],
  [FLAG.answered, '\\Answered'],
  [FLAG.seen, '\\Seen'],
  [FLAG.deleted, '\\Deleted'],
]

/** System flags as text, for every sum of bits. */
const TEXTS: readonly string[] = Array.from({length: 32}, (_, bits) =>
  NAMES.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(' '),
)

/** `\Draft … \Recent keyword …`: all flags of a message without the parentheses. */
export function flagText(view: View, number: MessageNumber): string {
  let text = TEXTS[view.flagsOf(number) & 31] ?? ''
  if (view.isRecent(number)) text += text === '' ? '\\Recent' : ' \\Recent'
  for (const keyword of view.keywordsOf(number)) text += text === '' ? keyword : ` ${keyword}`
  return text
}

/** `* n FETCH (FLAGS (…))`; with `uid` as `* n FETCH (UID u FLAGS (…))`. */
export function writeFlags(out: ReplyWriter, view: View, number: MessageNumber, {uid = false}: {readonly uid?: boolean} = {}): void {
  out.line(`* ${number} FETCH (${uid ? `UID ${view.uidOf(number)} ` : ''}FLAGS (${flagText(view, number)}))`)
}
