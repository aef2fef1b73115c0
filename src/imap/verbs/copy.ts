import type {CopyResult} from '../../maildir/types.js'
import {withReplies} from '../faults.js'
import type {Cursor} from '../grammar/cursor.js'
import {folderOf} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import {formatSet, type MessageSet, resolveSet} from '../message-set.js'
import {no, ok, type Reply, repeated} from '../replies/tagged.js'
import type {VerbForm} from '../verb.js'
import {defineVerb} from '../verb.js'

export interface CopyArguments {
  readonly messages: MessageSet
  readonly uid: boolean
  readonly target: MailboxName
}

export function readCopy(line: Cursor, {uid}: VerbForm): CopyArguments {
  const messages = line.space().messageSet()
  const target = line.space().mailbox()
  line.end()
  return {messages, uid, target}
}

/** `COPYUID …`; undefined when nothing was copied (RFC 4315 §3). */
export function copyUid({uidValidity, from, to}: CopyResult): string | undefined {
  return from.length === 0 ? undefined : `COPYUID ${uidValidity} ${formatSet(from)} ${formatSet(to)}`
}

/** The refusals of COPY and MOVE in Courier's words, but for a missing target. */
export function copyReplies(name: 'COPY' | 'MOVE', target: MailboxName) {
  const failed = no(`${name} failed - no write permission or out of disk space.`, 'ALERT')
  return {
    'no-access': no(`Access denied for ${name} on ${repeated(target.wire)} (ACL "i" required)`, 'NOPERM'),
    'no-space': failed,
    'io-error': failed,
  }
}

/** RFC 3501 §6.4.7: the client may create the mailbox and try again. */
export const NO_TARGET: Reply = no('Mailbox does not exist.', 'TRYCREATE')

/** COPY, UID COPY: adds messages to the end of another mailbox, all or none (RFC 3501 §6.4.7); tells the new UIDs (RFC 4315 §3). */
export const copy = defineVerb({
  name: 'COPY',
  state: 'selected',
  takesUid: true,
  read: readCopy,
  run({store, view}, {messages, uid, target}) {
    const numbers = resolveSet(messages, view, {uid})
    return withReplies(copyReplies('COPY', target), async () => {
      const folder = folderOf(target)
      if (!(await store.exists(folder))) return NO_TARGET
      const result = numbers.length === 0 ? undefined : await view.copy(numbers, folder)
      return ok('COPY completed.', result && copyUid(result))
    })
  },
})
