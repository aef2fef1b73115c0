import {hostname} from 'node:os'
import {performance} from 'node:perf_hooks'
import type {Log} from '../log/log.js'
import type {StoreEnvironment} from '../maildir/environment.js'
import {ColumnBudget} from '../maildir/folder/column-budget.js'
import {FolderWatcher} from '../maildir/folder/watcher.js'
import type {MetadataIndex} from '../maildir/index/metadata-index.js'
import {Mailstores} from '../maildir/mailstores.js'
import {NodeFiles} from '../maildir/node-files.js'
import {OpenAccounts} from '../maildir/open-accounts.js'
import {UniqueNames} from '../maildir/unique-names.js'
import {accountMail, type OpenAccountMail} from './account-mail.js'
import {isProcess} from './index/is-process.js'
import type {MailSettings} from './mail-settings.js'

/** What a mail process has once, whatever the settings are. */
export type MailProcess = Omit<StoreEnvironment, 'useLocks' | 'keywordsMode' | 'trashFolder'>

/** A command that does not get `tmp/courier.lock` in this time answers `[INUSE]`. */
const LOCK_DEADLINE_MS = 30_000

export function mailProcess(log: Log, index: MetadataIndex): MailProcess {
  const files = new NodeFiles()
  const hostName = hostname()
  return {
    files,
    log,
    names: new UniqueNames({
      host: hostName,
      pid: process.pid,
      nowMicroseconds: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
    }),
    // The clock that stamps files, not a monotonic one: the two drift apart.
    nowMs: Date.now,
    pid: process.pid,
    hostName,
    isAlive: isProcess,
    lockDeadlineMs: LOCK_DEADLINE_MS,
    accounts: new OpenAccounts(),
    index,
    columns: new ColumnBudget(),
    watcher: new FolderWatcher(files),
  }
}

/** The mail of accounts, opened by this process. */
export function startMail(shared: MailProcess, {checkOwner, ...settings}: MailSettings): OpenAccountMail {
  const uid = process.geteuid?.() ?? -1
  const gid = process.getegid?.() ?? -1
  return accountMail({stores: new Mailstores({...shared, ...settings}), files: shared.files, log: shared.log, uid, gid, checkOwner})
}
