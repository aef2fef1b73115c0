/**
 * The index of all accounts below one cache directory:
 *
 *     CACHEDIR.TAG
 *     <hash of the Maildir's path>/account             the path
 *     <hash of the Maildir's path>/lock                who writes
 *     <hash of the Maildir's path>/<device>-<inode>/   view, log, records
 *
 * Accounts that another process writes, and caches that cannot be written, are held in memory only.
 */
import {createHash} from 'node:crypto'
import type {Log} from '../../../log/log.js'
import type {FolderIndex, FolderKey, FolderState, MetadataIndex} from '../metadata-index.js'
import {type LockOwner, lockAccount} from './account-lock.js'
import {createFile, makeDirectory, sizeOf} from './cache-files.js'
import {FlatFolder} from './flat-folder.js'
import {type CacheLimits, trimCache} from './trim.js'

/** Cache Directory Tagging Specification. */
const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# The index of courier. It may be deleted at any time.\n'

const FIRST_TRIM_MS = 60_000
const TRIM_MS = 3_600_000

export interface FlatIndexOptions extends LockOwner {
  /** Absolute; made when it is missing. */
  readonly directory: string
  readonly log: Log
  readonly nowMs: () => number
  /** Octets of records without a message that a folder may have. */
  readonly deadBytes?: number | undefined
  /** What is above them is dropped after a while: the folders that were not written for longest. */
  readonly limits: CacheLimits
  /** For accounts that this process may not write. */
  readonly fallback: MetadataIndex
}

interface OpenAccount {
  readonly directory: string
  readonly folders: Map<string, FlatFolder>
  readonly unlock: () => void
}

/** Name of an account's directory. */
export function accountDirectory(maildir: string): string {
  return createHash('sha256').update(Buffer.from(maildir, 'latin1')).digest('hex').slice(0, 32)
}

export class FlatIndex implements MetadataIndex {
  readonly #options: FlatIndexOptions
  readonly #accounts = new Map<string, OpenAccount>()
  readonly #refused = new Set<string>()
  #trimTimer: NodeJS.Timeout | undefined

  constructor(options: FlatIndexOptions) {
    this.#options = options
  }

  /** This process writes the account's index. */
  mayWrite(maildir: string): boolean {
    return this.#account(maildir) !== undefined
  }

  /** Drops what is too much, folders that are open excepted. */
  async trim(): Promise<readonly string[]> {
    const {directory, limits, log} = this.#options
    const open = new Set<string>()
    for (const {directory: path, folders} of this.#accounts.values()) for (const name of folders.keys()) open.add(`${path}/${name}`)
    try {
      const gone = await trimCache(directory, limits, (path) => !open.has(path))
      if (gone.length > 0) log.info('index.trimmed', {path: directory, count: gone.length})
      return gone
    } catch (error) {
      log.warning('index.not-trimmed', {path: directory, reason: String(error)})
      return []
    }
  }

  #trimLater(afterMs: number): void {
    this.#trimTimer ??= setTimeout(() => {
      this.#trimTimer = undefined
      void this.trim().then(() => {
        if (this.#accounts.size > 0) this.#trimLater(TRIM_MS)
      })
    }, afterMs).unref()
  }

  folder(key: FolderKey, state: () => FolderState | undefined): FolderIndex {
    const account = this.#account(key.account)
    if (!account) return this.#options.fallback.folder(key, state)
    const name = `${key.device.toString(16)}-${key.inode.toString(16)}`
    let folder = account.folders.get(name)
    if (!folder) {
      const {log, nowMs} = this.#options
      const made: FlatFolder = new FlatFolder({
        directory: `${account.directory}/${name}`,
        identity: `${key.account} ${name}`,
        log,
        nowMs,
        deadBytes: this.#options.deadBytes,
        onClosed: () => this.#forget(key.account, name, made),
      })
      folder = made
      account.folders.set(name, folder)
    }
    return folder.open(state)
  }

  async close(): Promise<void> {
    clearTimeout(this.#trimTimer)
    this.#trimTimer = undefined
    for (const [maildir, {folders, unlock}] of this.#accounts) {
      await Promise.all([...folders.values()].map((folder) => folder.save({isLast: true})))
      unlock()
      this.#accounts.delete(maildir)
    }
  }

  #account(maildir: string): OpenAccount | undefined {
    const open = this.#accounts.get(maildir)
    if (open) return open
    const {directory, log} = this.#options
    const path = `${directory}/${accountDirectory(maildir)}`
    try {
      makeDirectory(path)
      if (sizeOf(`${directory}/CACHEDIR.TAG`) < 0) createFile(`${directory}/CACHEDIR.TAG`, TAG)
      if (sizeOf(`${path}/account`) < 0) createFile(`${path}/account`, `${maildir}\n`)
      const unlock = lockAccount(path, this.#options)
      if (!unlock) {
        log.debug('index.busy', {path})
        return undefined
      }
      const account = {directory: path, folders: new Map(), unlock}
      this.#accounts.set(maildir, account)
      this.#trimLater(FIRST_TRIM_MS)
      return account
    } catch (error) {
      if (!this.#refused.has(directory)) log.warning('index.off', {path: directory, reason: String(error)})
      this.#refused.add(directory)
      return undefined
    }
  }

  #forget(maildir: string, name: string, folder: FlatFolder): void {
    const account = this.#accounts.get(maildir)
    if (account?.folders.get(name) !== folder) return
    account.folders.delete(name)
    if (account.folders.size > 0) return
    this.#accounts.delete(maildir)
    account.unlock()
  }
}
