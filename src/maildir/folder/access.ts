/**
 * Who may touch a folder's directory: within this process one at a time (mutex), among all programs the holder of
 * Courier's lock file; and whether the directory is still the one that was opened.
 */
import {Fault} from '../../support/fault.js'
import {Mutex} from '../../support/mutex.js'
import {type DotLock, FolderLock} from '../dot-lock.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import type {FileFacts} from '../files.js'
import type {FolderName} from '../types.js'
import {reachFolder, samePlace} from './identity.js'

/** Tasks that wait for each other share one hold of the lock, for this long. */
const SHARED_HOLD_MS = 4

export interface FolderAccessOptions {
  readonly env: StoreEnvironment
  readonly name: FolderName
  /** Path in octets. */
  readonly path: string
  /** The folder turned out to be deleted, renamed or replaced: forget it. */
  readonly onLost: () => void
}

export class FolderAccess {
  readonly #options: FolderAccessOptions
  readonly #mutex = new Mutex()
  readonly #lock: FolderLock
  #bursts = 0
  #place: FileFacts | undefined
  #lost: Fault | undefined
  /** The lock file is held for the next task: since when. */
  #kept: {readonly lock: DotLock | undefined; readonly sinceMs: number} | undefined

  constructor(options: FolderAccessOptions) {
    this.#options = options
    this.#lock = new FolderLock(options.path, options.env)
  }

  /** The directory that was opened; undefined before `checkPlace`. */
  get place(): FileFacts | undefined {
    return this.#place
  }

  /** Runs `task` while nobody else in this process changes the folder. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      try {
        await reachFolder(this.#options.env.files, this.#options.path)
        return await task()
      } finally {
        if (!this.#mayKeep) await this.#giveBack()
      }
    })
  }

  /** Runs `task`, which takes the lock file again and again: what it is made of is made once. */
  async burst<T>(task: () => Promise<T>): Promise<T> {
    this.#bursts += 1
    try {
      return await task()
    } finally {
      this.#bursts -= 1
      if (this.#bursts === 0) await this.#lock.rest()
    }
  }

  /** Runs `task` under Courier's lock file. Call it from `exclusive`. @throws {Fault} `busy` */
  async locked<T>(task: () => Promise<T>): Promise<T> {
    if (!this.#options.env.useLocks) return task()
    this.#kept ??= {lock: await this.#acquire(), sinceMs: performance.now()}
    try {
      return await task()
    } finally {
      if (!this.#mayKeep) await this.#giveBack()
    }
  }

  /** Another task of this process waits for the folder: it need not take the lock file again, for a while. */
  get #mayKeep(): boolean {
    return this.#mutex.isWanted && this.#kept !== undefined && performance.now() - this.#kept.sinceMs < SHARED_HOLD_MS
  }

  async #giveBack(): Promise<void> {
    const {lock} = this.#kept ?? {}
    this.#kept = undefined
    await lock?.release()
  }

  /** @throws {Fault} `no-such-mailbox` when it was found to be gone */
  checkNotLost(): void {
    if (this.#lost) throw this.#lost
  }

  /** The folder is there and the one that was opened. @throws {Fault} `no-such-mailbox` */
  checkPlace(): void {
    const {env, path} = this.#options
    this.checkNotLost()
    const place = env.files.stat(path)
    if (!place || !env.files.stat(`${path}/cur`)) this.lose('deleted or renamed')
    if (this.#place && !samePlace(place, this.#place)) this.lose('replaced by another')
    this.#place ??= place
  }

  /** The folder is gone for good. @throws {Fault} `no-such-mailbox` */
  lose(how: string): never {
    this.#lost = new Fault('no-such-mailbox', `Mailbox "${this.#options.name}" was ${how}`)
    this.#options.onLost()
    throw this.#lost
  }

  async #acquire(): Promise<DotLock | undefined> {
    const {env, path} = this.#options
    const {files} = env
    const options = {waitMs: env.lockDeadlineMs, again: this.#bursts > 0}
    try {
      return await this.#lock.take(options)
    } catch (error) {
      if (isReadOnly(error)) return undefined // nothing can be written here, so nothing needs the lock
      // On a full disk nobody holds it and nobody can take it, and mail has to be readable and removable: that makes room.
      if (isFull(error)) return undefined
      if (files.stat(`${path}/tmp`)) throw error
      if (!files.stat(`${path}/cur`)) this.lose('deleted or renamed')
      await files.mkdir(`${path}/tmp`, 0o700).catch((failure: unknown) => {
        throw fileFault(failure, `Cannot make "${path}/tmp"`)
      })
      return this.#lock.take(options)
    }
  }
}

/** The disk, or the user's share of it, is full. */
export function isFull(error: unknown): boolean {
  return error instanceof Fault && error.code === 'no-space'
}

/** The directory or its file system takes no writes, and will not soon. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'no-access' || error.code === 'read-only')
}
