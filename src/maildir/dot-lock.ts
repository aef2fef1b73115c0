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
import {isSameFile} from './file-facts.js'
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
/** Others judge by its age: the own file is made anew long before it could count as left behind. */
const OWN_FILE_MS = 30_000

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

/** The own file of who locks, in `tmp/`: the lock is a second link to it. */
interface OwnFile {
  readonly path: string
  readonly facts: FileFacts
  readonly madeMs: number
}

export interface TakeOptions {
  /** For how long to try, milliseconds. */
  readonly waitMs: number
  /** The lock is wanted again soon: the own file stays for it, until `rest`. */
  readonly again?: boolean
}

/** The lock of one folder; one hold at a time. */
export class FolderLock {
  readonly #folder: string
  readonly #lock: string
  readonly #context: LockContext
  #own: OwnFile | undefined

  /** `folder`: its path; `name`: of the lock in its `tmp/`. */
  constructor(folder: string, context: LockContext, name = 'courier.lock') {
    this.#folder = folder
    this.#lock = `${folder}/tmp/${name}`
    this.#context = context
  }

  /** Takes it. @throws {Fault} `busy` when another holds it for longer; others when `tmp/` cannot be written */
  async take({waitMs, again = false}: TakeOptions): Promise<DotLock> {
    const {files, sleep = setTimeout} = this.#context
    // Counted, not measured: a clock that is set meanwhile must not make the wait an hour long.
    let left = waitMs
    for (let waitForMs = FIRST_WAIT_MS; ; waitForMs = Math.min(waitForMs * 2, LONGEST_WAIT_MS)) {
      try {
        const facts = await this.#link(again)
        if (facts) return {release: () => release(this.#lock, facts, files)}
        if (await removeDead(this.#lock, this.#context)) waitForMs = AFTER_REMOVAL_MS
      } catch (error) {
        throw fileFault(error, `Cannot lock "${this.#folder}"`)
      }
      if (left <= 0) throw new Fault('busy', `"${this.#folder}" is locked by another program`)
      await sleep(Math.min(waitForMs, left))
      left -= waitForMs
    }
  }

  /** The lock is not wanted again soon: no file of ours stays. */
  async rest(): Promise<void> {
    const own = this.#own
    this.#own = undefined
    if (own) await this.#context.files.unlink(own.path).catch(() => false) // one that stays is removed as a left-over
  }

  /** Makes the link; undefined when somebody else has the lock. */
  async #link(again: boolean): Promise<FileFacts | undefined> {
    const {files} = this.#context
    if (!this.#own && files.stat(this.#lock)) return undefined
    const own = await this.#ownFile()
    try {
      await files.link(own.path, this.#lock)
      return own.facts
    } catch (error) {
      const code = errnoOf(error)
      // Somebody has tidied `tmp/`: the next attempt makes another file, or finds that the folder is gone.
      if (code === 'ENOENT') await this.rest()
      else if (code !== 'EEXIST') throw error
      // Over a network file system a link may be made and yet be reported as failed: the count of links knows.
      return files.stat(own.path)?.links === 2 ? own.facts : undefined
    } finally {
      if (!again) await this.rest()
    }
  }

  async #ownFile(): Promise<OwnFile> {
    const {files, names, nowMs} = this.#context
    const age = this.#own ? nowMs() - this.#own.madeMs : 0
    if (age < 0 || age > OWN_FILE_MS) await this.rest()
    if (this.#own) return this.#own
    const path = `${this.#folder}/tmp/${names.side('courierlock')}`
    const facts = await files.create(path, Buffer.from(ownerText(this.#context), 'utf8'), {mode: 0o644, sync: false})
    this.#own = {path, facts, madeMs: nowMs()}
    return this.#own
  }
}

/** What a lock of this process says. */
export function ownerText({pid, hostName}: LockContext): string {
  return `${pid}:${hostName}`
}

async function release(lock: string, mine: FileFacts, files: MaildirFiles): Promise<void> {
  if (isSameFile(files.stat(lock), mine)) await files.unlink(lock)
}

/** Removes the lock of this process from a folder that was moved while it was held: who holds it would not find it there. */
export async function removeOwnLock(folder: string, context: LockContext): Promise<void> {
  const {files} = context
  const lock = `${folder}/tmp/courier.lock`
  if (files.stat(lock)?.kind !== 'file') return
  const content = await files.readFile(lock, CONTENT_MAX)
  if (content?.toString('utf8') === ownerText(context)) await files.unlink(lock)
}

/** Removes the lock when its owner is dead; says whether it did. */
async function removeDead(lock: string, context: LockContext): Promise<boolean> {
  const {files} = context
  const facts = files.stat(lock)
  if (!facts) return false
  const content = facts.size > CONTENT_MAX || facts.kind !== 'file' ? '' : await files.readFile(lock, CONTENT_MAX)
  if (content === undefined) return false
  if (!isDead(content.toString('latin1'), context.nowMs() - Number(facts.mtimeNs / 1_000_000n), context)) return false
  if (!isSameFile(files.stat(lock), facts)) return false
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
