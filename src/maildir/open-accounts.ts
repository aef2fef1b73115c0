import {Fault} from '../support/fault.js'
import type {StoreEnvironment} from './environment.js'
import {IdleFolders} from './idle-folders.js'
import {Maildir} from './maildir.js'

/** Accounts without a session that are kept, for the next one. */
const KEPT_ACCOUNTS = 64

interface OpenAccount {
  readonly store: Maildir
  readonly env: StoreEnvironment
  /** Until what was left unfinished in the Maildir is done. */
  unready: Promise<void> | undefined
  uses: number
}

export interface OpenOptions {
  /** Path of the Maildir in octets. */
  readonly path: string
  readonly quota: string | undefined
  /** Gives the store settings of its own only when no session has the account open. */
  readonly env: StoreEnvironment
}

function haveSameSettings(a: StoreEnvironment, b: StoreEnvironment): boolean {
  return a.useLocks === b.useLocks && a.keywordsMode === b.keywordsMode && a.trashFolder === b.trashFolder
}

/**
 * The Maildirs that a process has open: one object for each directory, whatever the names and settings of its sessions
 * are. Two of them would take the lock file from each other, because a lock of the own process counts as left behind, and
 * could give one UID twice. So new settings of a reload count for an account when its last session has ended.
 */
export class OpenAccounts {
  readonly #accounts = new Map<string, OpenAccount>()
  readonly #idle = new IdleFolders()

  /** The account's store; `release` gives it back. @throws {Fault} `no-such-mailbox` when there is none */
  async open({path, quota, env}: OpenOptions): Promise<Maildir> {
    const waiting = env.files.reach(path, ['cur', 'cur/.', 'courierrename'])
    if (waiting !== undefined) await waiting
    const facts = env.files.stat(`${path}/cur/.`)
    if (facts?.kind !== 'directory') throw new Fault('no-such-mailbox', `"${path}" is no Maildir`)
    const key = `${facts.device} ${facts.inode}`
    const account = this.#usable(key, {path, quota, env}) ?? this.#make(key, {path, quota, env})
    this.#accounts.delete(key)
    this.#accounts.set(key, account)
    account.uses += 1
    account.store.quotaText = quota ?? ''
    if (account.unready !== undefined) await account.unready
    return account.store
  }

  /** The one that is there, unless it has no session and is another. */
  #usable(key: string, {path, env}: OpenOptions): OpenAccount | undefined {
    const account = this.#accounts.get(key)
    if (!account || account.uses > 0) return account
    if (account.store.path === path && haveSameSettings(account.env, env)) return account
    account.store.close()
    return undefined
  }

  #make(key: string, {path, env}: OpenOptions): OpenAccount {
    this.#closeReplaced(path)
    const store = new Maildir({env, path, idle: this.#idle, onRelease: () => this.#release(key, account)})
    const unready = store.finishRename().then(() => {
      account.unready = undefined
    })
    const account: OpenAccount = {store, env, unready, uses: 0}
    return account
  }

  /** Another directory has this path now: what is kept of the one before is of no use. */
  #closeReplaced(path: string): void {
    for (const [key, {uses, store}] of this.#accounts) {
      if (uses > 0 || store.path !== path) continue
      this.#accounts.delete(key)
      store.close()
    }
  }

  #release(key: string, account: OpenAccount): void {
    account.uses -= 1
    // Nobody can find it any more: its directory has been replaced.
    if (account.uses === 0 && this.#accounts.get(key) !== account) account.store.close()
    let idle = 0
    for (const {uses} of this.#accounts.values()) if (uses === 0) idle += 1
    for (const [other, {uses, store}] of this.#accounts) {
      if (idle <= KEPT_ACCOUNTS) return
      if (uses > 0) continue
      this.#accounts.delete(other)
      store.close()
      idle -= 1
    }
  }
}
