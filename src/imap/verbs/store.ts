import type {FlagChange, MessageNumber, View} from '../../maildir/types.js'
import type {Cursor} from '../grammar/cursor.js'
import type {FlagArgument} from '../grammar/flags.js'
import {resolveSet} from '../message-set.js'
import {writeFlags} from '../replies/flags.js'
import {no, ok} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {announceNewKeywords} from '../updates.js'
import {defineVerb} from '../verb.js'

const MODES = {'': 'replace', '+': 'add', '-': 'remove'} as const
const NO_FLAGS: FlagArgument = {flags: 0, keywords: []}

/** `[+|-]FLAGS[.SILENT]`. */
function readItem(line: Cursor): {readonly mode: FlagChange['mode']; readonly silent: boolean} {
  const mark = line.mark()
  const match = /^([+-]?)FLAGS(\.SILENT)?$/.exec(line.word('FLAGS'))
  if (match) return {mode: MODES[match[1] as keyof typeof MODES], silent: match[2] !== undefined}
  line.back(mark)
  throw line.expected('FLAGS, +FLAGS or -FLAGS')
}

/** Courier: NIL and nothing at all are an empty list. */
function readFlags(line: Cursor): FlagArgument {
  return !line.more() || line.nil() ? NO_FLAGS : line.flags()
}

/** Tells the flags of all these messages, changed or not. */
async function tell(session: Session, view: View, numbers: readonly MessageNumber[], uid: boolean): Promise<void> {
  announceNewKeywords(session, view)
  for (const number of numbers) {
    writeFlags(session.out, view, number, {uid})
    if (session.out.full) await session.out.flush()
  }
}

/**
 * STORE, UID STORE: changes flags (RFC 3501 §6.4.6).
 *
 * Courier: changes flags other than \Deleted in a read-only mailbox too; RFC 3501 §6.3.2 forbids it.
 */
export const store = defineVerb({
  name: 'STORE',
  state: 'selected',
  takesUid: true,
  holdsNumbers: true,
  read(line, {uid}) {
    const messages = line.space().messageSet()
    line.space()
    const item = readItem(line)
    const {flags, keywords} = readFlags(line)
    line.end()
    return {messages, uid, silent: item.silent, change: {mode: item.mode, flags, keywords}}
  },
  async run({session, view}, {messages, uid, silent, change}) {
    const numbers = resolveSet(messages, view, {uid})
    if (view.readOnly) return no('Current box is selected READ-ONLY.')
    await view.store(numbers, change)
    if (!silent) await tell(session, view, numbers, uid)
    return ok('STORE completed.')
  },
})
