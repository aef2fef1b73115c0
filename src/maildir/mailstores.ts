import {Fault} from '../support/fault.js'
import type {StoreEnvironment} from './environment.js'
import {IdleFolders} from './idle-folders.js'
import {Maildir} from './maildir.js'
import type {Mailstore} from './types.js'

/** Accounts without a session that are kept, for the next one. */
const KEPT_ACCOUNTS = 64

export interface MailstoreAccount {
  /** Absolute path of the Maildir. */
  readonly maildir: string
  readonly quota: string | undefined
}

interface OpenStore {
  readonly store: Maildir
  uses: number
}

/** The Maildirs of a mail process: one object for each account, however many sessions it has. */
export class Mailstores {
  readonly #env: StoreEnvironment
  readonly #stores = new Map<string, OpenStore>()
  readonly #idle = new IdleFolders()

  constructor(env: StoreEnvironment) {
    this.#env = env
  }

  /** Opens the Maildir of an account. @throws {Fault} `no-such-mailbox` when there is none */
  async open({maildir, quota}: MailstoreAccount): Promise<Mailstore> {
    const path = Buffer.from(maildir, 'utf8').toString('latin1').replace(/\/+$/, '') || '/'
    if (this.#env.files.stat(`${path}/cur/.`)?.kind !== 'directory') throw new Fault('no-such-mailbox', `"${maildir}" is no Maildir`)
    const key = `${path}\n${quota ?? ''}`
    let open = this.#stores.get(key)
    if (!open) {
      const made: OpenStore = {
        store: new Maildir({env: this.#env, path, quota, idle: this.#idle, onRelease: () => this.#release(made)}),
        uses: 0,
      }
      open = made
    }
    this.#stores.delete(key)
    this.#stores.set(key, open)
    open.uses += 1
    return open.store
  }

  #release(open: OpenStore): void {
    open.uses -= 1
    let idle = 0
    for (const {uses} of this.#stores.values()) if (uses === 0) idle += 1
    for (const [key, {uses}] of this.#stores) {
      if (idle <= KEPT_ACCOUNTS) return
      if (uses > 0) continue
      this.#stores.delete(key)
      idle -= 1
    }
  }
}
