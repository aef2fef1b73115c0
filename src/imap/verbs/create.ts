import {INBOX} from '../../maildir/folder-names.js'
import {withReplies} from '../faults.js'
import {decodedName, isShared, newFolderOf, withoutTrailingDots} from '../mailbox-argument.js'
import {no, ok, repeated} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/**
 * CREATE: makes a mailbox; the levels above it need not exist (RFC 3501 §6.3.3).
 *
 * Courier: a name with a separator at its end only announces a level of the hierarchy; nothing is made.
 */
export const create = defineVerb({
  name: 'CREATE',
  state: 'authenticated',
  read(line) {
    const mailbox = line.space().mailbox()
    line.end()
    return {mailbox}
  },
  run({session, store}, {mailbox}) {
    const replies = {
      'invalid-name': no('Invalid mailbox name.', 'CANNOT'),
      'mailbox-exists': no('Cannot create this folder.', 'ALREADYEXISTS'),
      'no-space': no('Cannot create this folder.'),
      'io-error': no('Cannot create this folder.'),
    }
    return withReplies(replies, async () => {
      if (isShared(decodedName(mailbox))) {
        return no(`Access denied for CREATE on ${repeated(mailbox.wire)} (ACL "c" required)`, 'NOPERM')
      }
      const {name, dots} = withoutTrailingDots(mailbox)
      const folder = newFolderOf(name, session)
      if (folder === INBOX) return no('INBOX already exists!', 'ALREADYEXISTS')
      if (!dots) await store.create(folder)
      return ok(`"${repeated(mailbox.wire)}" created.`)
    })
  },
})
