import {FLAG, type FolderName, type FolderStatus, type Mailstore, type View} from '../../maildir/types.js'
import {withReplies} from '../faults.js'
import {folderOf} from '../mailbox-argument.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

type Counts = Pick<FolderStatus, 'messages' | 'recent' | 'unseen' | 'uidNext' | 'uidValidity'>

/** Items in Courier's order of output. */
const ITEMS: readonly (readonly [string, (counts: Counts) => number])[] = [
  ['MESSAGES', (counts) => counts.messages],
  ['RECENT', (counts) => counts.recent],
  ['UIDNEXT', (counts) => counts.uidNext],
  ['UIDVALIDITY', (counts) => counts.uidValidity],
  ['UNSEEN', (counts) => counts.unseen],
]

function countsOf(view: View): Counts {
  const {size: messages, recent, uidNext, uidValidity} = view
  return {messages, recent, unseen: view.countWithout(FLAG.seen), uidNext, uidValidity}
}

/** The selected mailbox is told as the client knows it, others are looked at. */
async function count(store: Mailstore, view: View | undefined, folder: FolderName): Promise<Counts> {
  return view?.name === folder ? countsOf(view) : store.status(folder)
}

/**
 * STATUS: numbers of a mailbox without opening it (RFC 3501 §6.3.10).
 *
 * Courier: one item needs no parentheses, and items that it does not know are ignored.
 */
export const status = defineVerb({
  name: 'STATUS',
  state: 'authenticated',
  read(line) {
    const mailbox = line.space().mailbox()
    line.space()
    const items = line.peek() === '(' ? line.list((item) => item.word('a status item')) : [line.word('a status item')]
    line.end()
    return {mailbox, items: new Set(items)}
  },
  run({session, store}, {mailbox, items}) {
    const missing = no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT')
    const failed = no('STATUS failed', 'ALERT')
    return withReplies({'no-such-mailbox': missing, 'invalid-name': missing, 'io-error': failed, 'no-space': failed}, async () => {
      const counts = await count(store, session.view, folderOf(mailbox))
      const values = ITEMS.filter(([item]) => items.has(item)).map(([item, value]) => `${item} ${value(counts)}`)
      // Courier: the name comes back as the client spelled it.
      session.out
        .text('* STATUS ')
        .string(mailbox.wire)
        .line(` (${values.join(' ')})`)
      return ok('STATUS Completed.')
    })
  },
})
