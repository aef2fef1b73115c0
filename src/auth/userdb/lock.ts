import {type FileHandle, open} from 'node:fs/promises'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import type {TryLock} from '../native.js'

const PAUSE_MS = 20

export interface LockOptions {
  readonly path: string
  /** Mode of a lock file that is made; it is never deleted. */
  readonly mode: number
  readonly tryLock: TryLock
}

/**
 * Runs `work` while holding the lock that the original tools take: flock(2) on a file of its own (`spec/auth.md` §4.1, §6).
 * Waits for as long as another process has it; a process that dies loses it.
 *
 * @throws {Fault} `io-error` when the lock file cannot be opened
 */
export async function withLock<T>({path, mode, tryLock}: LockOptions, work: () => Promise<T>): Promise<T> {
  const file = await openLock(path, mode)
  try {
    while (!tryLock(file.fd)) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    return await work()
  } finally {
    await file.close()
  }
}

async function openLock(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'a', mode)
  } catch (error) {
    throw new Fault('io-error', `Can't open ${path}: ${systemText(error)}`, {cause: error})
  }
}
