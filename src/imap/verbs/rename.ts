import {INBOX, isBelow} from '../../maildir/folder-names.js'
import type {FolderName, Mailstore} from '../../maildir/types.js'
import {withReplies} from '../faults.js'
import {folderOf, newFolderOf, withoutTrailingDots} from '../mailbox-argument.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** The mailbox or one below it exists. */
async function isThere(store: Mailstore, name: FolderName): Promise<boolean> {
  if (await store.exists(name)) return true
  return (await store.folders()).some((folder) => isBelow(folder.name, name))
}

/**
 * RENAME: gives a mailbox and all below it another name (RFC 3501 §6.3.5).
 *
 * Courier: INBOX cannot be renamed; a mailbox that does not exist can (RFC 3501 calls it an error, so it is NO).
 */
export const rename = defineVerb({
  name: 'RENAME',
  state: 'authenticated',
  read(line) {
    const from = line.space().mailbox()
    const to = line.space().mailbox()
    line.end()
    return {from, to}
  },
  run({session, store}, args) {
    const replies = {
      'invalid-name': no('Invalid mailbox name.', 'CANNOT'),
      'no-such-mailbox': no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT'),
      'mailbox-exists': no('RENAME failed: File exists', 'ALREADYEXISTS'),
      'mailbox-reserved': no('Reserved folder name - cannot rename.', 'CANNOT'),
      'no-space': no('RENAME failed: No space left on device'),
      'io-error': no('RENAME failed: Input/output error'),
    }
    return withReplies(replies, async () => {
      const from = folderOf(withoutTrailingDots(args.from).name)
      const to = newFolderOf(withoutTrailingDots(args.to).name, session)
      const open = session.view?.name
      if (open !== undefined && (open === from || isBelow(open, from)) && (from !== INBOX || open === INBOX)) {
        return no("Can't RENAME the currently-open folder", 'INUSE')
      }
      if (from === INBOX || to === INBOX) return no('INBOX rename not implemented.', 'CANNOT')
      if (isBelow(to, from)) return no('RENAME failed: Invalid argument', 'CANNOT')
      if (!(await isThere(store, from))) return replies['no-such-mailbox']
      await store.rename(from, to)
      return ok('Folder renamed.')
    })
  },
})
