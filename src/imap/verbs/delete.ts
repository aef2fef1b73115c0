import {withReplies} from '../faults.js'
import {decodedName, folderOf} from '../mailbox-argument.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/**
 * DELETE: removes a mailbox with its messages; mailboxes below it stay (RFC 3501 §6.3.4).
 *
 * Courier: the selected mailbox, INBOX and the trash folder are not deleted.
 */
export const deleteVerb = defineVerb({
  name: 'DELETE',
  state: 'authenticated',
  read(line) {
    const mailbox = line.space().mailbox()
    line.end()
    return {mailbox}
  },
  run({session, store}, {mailbox}) {
    const missing = no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT')
    const replies = {
      'no-such-mailbox': missing,
      'invalid-name': missing,
      'mailbox-reserved': no('Cannot delete this folder.', 'CANNOT'),
      'no-space': no('Cannot delete this folder.'),
      'io-error': no('Cannot delete this folder.'),
    }
    return withReplies(replies, async () => {
      if (decodedName(mailbox).endsWith('.')) return ok('Folder directory delete punted.')
      const folder = folderOf(mailbox)
      if (session.view?.name === folder) return no('Cannot delete currently-open folder.', 'INUSE')
      await store.remove(folder)
      return ok('Folder deleted.')
    })
  },
})
