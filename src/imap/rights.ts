import type {FolderName} from '../maildir/types.js'

/** Rights on a mailbox as `[MYRIGHTS …]` shows them (`spec/imap.md` §19.3). */
export function rightsText(_mailbox: FolderName): string {
  // todo RFC 4314 §3.5: rights from the folder's access list; an account has all rights on its own mailboxes.
  return 'acdilrsw'
}
