import type {Log} from '../log/log.js'
import type {MaildirFiles} from './files.js'
import type {ColumnBudget} from './folder/column-budget.js'
import type {FolderWatcher} from './folder/watcher.js'
import type {MetadataIndex} from './index/metadata-index.js'
import type {OpenAccounts} from './open-accounts.js'
import type {UniqueNames} from './unique-names.js'

/** What the store needs from outside. One for each process. */
export interface StoreEnvironment {
  readonly files: MaildirFiles
  readonly log: Log
  readonly names: UniqueNames
  /** Milliseconds since 1970 by the clock that stamps files: `Date.now`, not a monotonic one. */
  readonly nowMs: () => number
  readonly pid: number
  readonly hostName: string
  /** A process with this id exists on this host. */
  readonly isAlive: (pid: number) => boolean
  /** IMAP_USELOCKS (`spec/imap.md` §7.4). */
  readonly useLocks: boolean
  /** How long a command waits for `tmp/courier.lock`, milliseconds. */
  readonly lockDeadlineMs: number
  /** IMAP_KEYWORDS: 0 off, 1 on, 2 on with re-reading before each change. */
  readonly keywordsMode: 0 | 1 | 2
  /** IMAP_TRASHFOLDERNAME, without `INBOX.`. */
  readonly trashFolder: string
  readonly accounts: OpenAccounts
  readonly index: MetadataIndex
  readonly columns: ColumnBudget
  readonly watcher: FolderWatcher
}
