import {FLAG, type View} from '../../maildir/types.js'
import {withReplies} from '../faults.js'
import {folderOf} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import {no, ok, type Reply, repeated} from '../replies/tagged.js'
import {rightsText} from '../rights.js'
import type {AuthenticatedContext, Session} from '../session.js'
import {writeMailboxFlags} from '../updates.js'
import {defineVerb} from '../verb.js'

/** What RFC 3501 §6.3.1 requires, in Courier's order with the codes that it leaves out. */
function describe(session: Session, view: View): void {
  const {out} = session
  writeMailboxFlags(session, view)
  out.line(`* ${view.size} EXISTS`).line(`* ${view.recent} RECENT`)
  const unseen = view.firstWithout(FLAG.seen)
  // Courier: never sends UNSEEN and UIDNEXT.
  if (unseen !== 0) out.line(`* OK [UNSEEN ${unseen}] First unseen`)
  out.line(`* OK [UIDVALIDITY ${view.uidValidity}] Ok`)
  out.line(`* OK [UIDNEXT ${view.uidNext}] Ok`)
  out.line(`* OK [MYRIGHTS "${rightsText(view.name)}"] ACL`)
}

async function open({session, store}: AuthenticatedContext, name: MailboxName, command: string, readOnly: boolean): Promise<Reply> {
  // RFC 3501 §6.3.1: the old mailbox is left even when the new one cannot be opened.
  session.select(undefined)
  const missing = no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT')
  const replies = {
    'no-such-mailbox': missing,
    'invalid-name': missing,
    'no-access': no(`Access denied for ${command} on ${repeated(name.wire)} (ACL "r" required)`, 'NOPERM'),
    'no-space': no('Unable to open this mailbox.'),
    'io-error': no('Unable to open this mailbox.'),
  }
  return withReplies(replies, async () => {
    const view = await store.select(folderOf(name), {readOnly})
    session.select(view)
    describe(session, view)
    return view.readOnly ? ok('Ok', 'READ-ONLY') : ok('Ok', 'READ-WRITE')
  })
}

const make = (name: 'SELECT' | 'EXAMINE', readOnly: boolean) =>
  defineVerb({
    name,
    state: 'authenticated',
    read(line) {
      const mailbox = line.space().mailbox()
      line.end()
      return {mailbox}
    },
    run: (context, {mailbox}) => open(context, mailbox, name, readOnly),
  })

/** SELECT: opens a mailbox (RFC 3501 §6.3.1). */
export const select = make('SELECT', false)
/** EXAMINE: opens a mailbox without changing it (RFC 3501 §6.3.2). */
export const examine = make('EXAMINE', true)
