/**
 * `tmp/courier.lock`: keeps other programs from scanning or changing a folder at the same time (`spec/maildir.md` §14.1).
 *
 * Who else touches it: every Courier program, on this host or, over a network file system, on another one. The lock
 * is a hard link to a file made under a name of its own, so exactly one of many can make it, and its content
 * (`pid:host`) is whole from the first moment. Who finds it looks whether its owner is alive.
 *
 * Removing the lock of a dead owner is the one step that can go wrong: two that see the same dead lock must not
 * remove each other's new one. So it is compared once more right before it is removed, and who removed it waits a
 * moment before taking it, until others that saw the dead lock have seen that it is gone.
 *
 * Courier: a lock with the own pid counts as dead. A process that serves many sessions therefore needs a mutex of
 * its own around this.
 */
import {setTimeout} from 'node:timers/promises'
import {errnoOf, Fault} from '../support/fault.js'
import {fileFault} from './file-fault.js'
import type {FileFacts, MaildirFiles} from './files.js'
import type {UniqueNames} from './unique-names.js'

/** A lock of another host, or one that cannot be read, is dead when it is older than this. */
const FOREIGN_LOCK_MS = 120_000
/** Who removed a dead lock waits this long before the next try. Courier waits 5 s. */
const AFTER_REMOVAL_MS = 50
const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 100
const CONTENT_MAX = 511

/** What locking needs to know of the world. */
export interface LockContext {
  readonly files: MaildirFiles
  readonly names: UniqueNames
  readonly pid: number
  /** As `gethostname()` says. */
  readonly hostName: string
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  readonly isAlive: (pid: number) => boolean
  /** For tests; else timers. */
  readonly sleep?: (ms: number) => Promise<void>
}

/** A lock that is held. */
export interface DotLock {
  /** Gives it back; does nothing when somebody has taken it away meanwhile. */
  release(): Promise<void>
}

/**
 * Takes the lock of a folder. `folder`: its path. `waitMs`: for how long to try.
 *
 * @throws {Fault} `busy` when another holds it for longer; others when `tmp/` cannot be written
 */
export async function lockFolder(folder: string, waitMs: number, context: LockContext): Promise<DotLock> {
  const lock = `${folder}/tmp/courier.lock`
  // Counted, not measured: a clock that is set meanwhile must not make the wait an hour long.
  let left = waitMs
  for (let waitForMs = FIRST_WAIT_MS; ; waitForMs = Math.min(waitForMs * 2, LONGEST_WAIT_MS)) {
    try {
      if (!context.files.stat(lock)) {
        const facts = await take(folder, lock, context)
        if (facts) return {release: () => release(lock, facts, context.files)}
      } else if (await removeDead(lock, context)) {
        waitForMs = AFTER_REMOVAL_MS
      }
    } catch (error) {
      throw fileFault(error, `Cannot lock "${folder}"`)
    }
    if (left <= 0) throw new Fault('busy', `"${folder}" is locked by another program`)
    await (context.sleep ?? setTimeout)(Math.min(waitForMs, left))
    left -= waitForMs
  }
}

/** Makes the link; undefined when somebody else was quicker. */
async function take(folder: string, lock: string, {files, names, pid, hostName}: LockContext): Promise<FileFacts | undefined> {
  const temporary = `${folder}/tmp/${names.side('courierlock')}`
  const file = await files.begin(temporary, {mode: 0o644})
  try {
    await file.write(Buffer.from(`${pid}:${hostName}`, 'utf8'))
    try {
      await files.link(temporary, lock)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    // Over a network file system a link may be made and yet be reported as failed: the count of links knows.
    const facts = file.facts()
    return facts.links === 2 ? facts : undefined
  } finally {
    await file.abort()
    await files.unlink(temporary)
  }
}

async function release(lock: string, mine: FileFacts, files: MaildirFiles): Promise<void> {
  if (isSame(files.stat(lock), mine)) await files.unlink(lock)
}

function isSame(a: FileFacts | undefined, b: FileFacts): boolean {
  return a !== undefined && a.inode === b.inode && a.device === b.device && a.mtimeNs === b.mtimeNs
}

/** Removes the lock when its owner is dead; says whether it did. */
async function removeDead(lock: string, context: LockContext): Promise<boolean> {
  const {files} = context
  const facts = files.stat(lock)
  if (!facts) return false
  const content = facts.size > CONTENT_MAX || facts.kind !== 'file' ? '' : await files.readFile(lock, CONTENT_MAX)
  if (content === undefined) return false
  if (!isDead(content.toString('latin1'), context.nowMs() - Number(facts.mtimeNs / 1_000_000n), context)) return false
  if (!isSame(files.stat(lock), facts)) return false
  return files.unlink(lock)
}

/** Whether the owner of a lock with this content is gone. */
export function isDead(
  content: string,
  ageMs: number,
  {pid, hostName, isAlive}: Pick<LockContext, 'pid' | 'hostName' | 'isAlive'>,
): boolean {
  const owner = /^([0-9]{1,10}):/.exec(content)
  const ownerPid = Number(owner?.[1] ?? 0)
  const isOurHost = owner !== null && content.slice(owner[0].length) === Buffer.from(hostName, 'utf8').toString('latin1')
  if (isOurHost && ownerPid > 0 && ownerPid <= 0x7fffffff) return ownerPid === pid || !isAlive(ownerPid)
  return ageMs > FOREIGN_LOCK_MS
}
