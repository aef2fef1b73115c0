import {hostname} from 'node:os'
import {performance} from 'node:perf_hooks'
import type {Log} from '../log/log.js'
import type {StoreEnvironment} from '../maildir/environment.js'
import {FolderWatcher} from '../maildir/folder/watcher.js'
import {MemoryIndex} from '../maildir/index/memory-index.js'
import {Mailstores} from '../maildir/mailstores.js'
import {NodeFiles} from '../maildir/node-files.js'
import {UniqueNames} from '../maildir/unique-names.js'
import {createMailRole} from './mail-role.js'
import type {MailRole} from './roles.js'
import type {MailSettings} from './server-configuration.js'

/** What a mail process has once, whatever the settings are. */
export type MailProcess = Omit<StoreEnvironment, 'useLocks' | 'keywordsMode' | 'trashFolder'>

const INDEX_OCTETS = 128 * 1024 * 1024
/** A command that does not get `tmp/courier.lock` in this time answers `[INUSE]`. */
const LOCK_DEADLINE_MS = 30_000

/** Courier names a lock's process by its id: one that cannot be signalled for lack of rights lives too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function mailProcess(log: Log): MailProcess {
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
    isAlive,
    lockDeadlineMs: LOCK_DEADLINE_MS,
    index: new MemoryIndex(INDEX_OCTETS),
    watcher: new FolderWatcher(files),
  }
}

/** The mail role in this process. */
export function startMail(shared: MailProcess, {checkOwner, ...settings}: MailSettings): MailRole {
  const uid = process.geteuid?.() ?? -1
  const gid = process.getegid?.() ?? -1
  return createMailRole({stores: new Mailstores({...shared, ...settings}), log: shared.log, uid, gid, checkOwner})
}
