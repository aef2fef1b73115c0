/**
 * One writer for each account: a file that names the process. It is made complete under a name of its own and then
 * linked, so that nobody sees half of it. That of a process which has ended is moved away by one of those who want it.
 */
import {randomBytes} from 'node:crypto'
import {createFile, linkFile, moveFile, readWhole, removeFile} from './cache-files.js'

const LOCK_LIMIT_BYTES = 1024

export interface LockOwner {
  readonly pid: number
  readonly isAlive: (pid: number) => boolean
  /** When a process began, as text: an id may be given to another process. undefined: unknown. */
  readonly startOf: (pid: number) => string | undefined
}

function readLock(path: string): string | undefined {
  const octets = readWhole(path, LOCK_LIMIT_BYTES)
  return octets && Buffer.from(octets).toString('latin1')
}

function isHeld(text: string, {isAlive, startOf}: LockOwner): boolean {
  const [, pid, start] = /^(\d{1,10}) (\S*)/.exec(text) ?? []
  if (pid === undefined || !isAlive(Number(pid))) return false
  const now = startOf(Number(pid))
  return start === '' || now === undefined || now === start
}

/** Takes the lock; undefined when another process has it. Answers how to give it back. @throws {Error} the directory cannot be written */
export function lockAccount(directory: string, owner: LockOwner): (() => void) | undefined {
  const path = `${directory}/lock`
  const own = `${path}.${randomBytes(8).toString('hex')}`
  createFile(own, `${owner.pid} ${owner.startOf(owner.pid) ?? ''} ${own}\n`)
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (linkFile(own, path)) return () => release(path, own)
      const text = readLock(path)
      if (text !== undefined && isHeld(text, owner)) return undefined
      if (text !== undefined) takeAway(path, `${own}.old`, text)
    }
    return undefined
  } finally {
    removeFile(own)
  }
}

/** Removes a lock of nobody. One that somebody has taken meanwhile is put back. */
function takeAway(path: string, aside: string, text: string): void {
  try {
    moveFile(path, aside)
  } catch {
    return // somebody else has removed it
  }
  if (readLock(aside) !== text) linkFile(aside, path)
  removeFile(aside)
}

function release(path: string, own: string): void {
  try {
    if (readLock(path)?.includes(own)) removeFile(path)
  } catch {
    // the cache was removed: nothing is locked
  }
}
