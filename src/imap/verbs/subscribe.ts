import {folderName, isPrintable} from '../../maildir/folder-names.js'
import type {FolderName} from '../../maildir/types.js'
import {withReplies} from '../faults.js'
import {decodedName} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import {no, ok, type Reply} from '../replies/tagged.js'
import type {AuthenticatedContext} from '../session.js'
import {defineVerb} from '../verb.js'

/** Names of the store of other accounts, which are subscribed by name only. */
function isSharedName(name: string): boolean {
  return name.startsWith('#shared.') && !name.includes('/') && !name.includes('..') && isPrintable(name as FolderName)
}

async function change({store}: AuthenticatedContext, mailbox: MailboxName, adds: boolean): Promise<Reply> {
  const name = decodedName(mailbox)
  const verb = adds ? 'subscribe' : 'unsubscribe'
  if (name.endsWith('.')) return ok(`Folder directory ${verb} punted.`)
  if (/^shared(?:\.|$)/.test(name)) return no('Cannot subscribe to this folder.', 'CANNOT')
  return withReplies({'invalid-name': no('Invalid mailbox name.', 'CANNOT')}, async () => {
    // The name is stored as typed: `inbox` stays `inbox`.
    if (!isSharedName(name)) folderName(name)
    if (adds) await store.subscribe(name)
    else await store.unsubscribe(name)
    return ok(`Folder ${verb}d.`)
  })
}

const make = (name: 'SUBSCRIBE' | 'UNSUBSCRIBE', adds: boolean) =>
  defineVerb({
    name,
    state: 'authenticated',
    read(line) {
      const mailbox = line.space().mailbox()
      line.end()
      return {mailbox}
    },
    run: (context, {mailbox}) => change(context, mailbox, adds),
  })

/** SUBSCRIBE: the mailbox need not exist (RFC 3501 §6.3.6). */
export const subscribe = make('SUBSCRIBE', true)
/** UNSUBSCRIBE (RFC 3501 §6.3.7). */
export const unsubscribe = make('UNSUBSCRIBE', false)
