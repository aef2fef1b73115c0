import type {StoreEnvironment} from './environment.js'
import type {Mailstore} from './types.js'

export interface MailstoreAccount {
  /** Absolute path of the Maildir. */
  readonly maildir: string
  readonly quota: string | undefined
}

/** The Maildirs of a mail process under one set of settings. */
export class Mailstores {
  readonly #env: StoreEnvironment

  constructor(env: StoreEnvironment) {
    this.#env = env
  }

  /** Opens the Maildir of an account. @throws {Fault} `no-such-mailbox` when there is none */
  async open({maildir, quota}: MailstoreAccount): Promise<Mailstore> {
    const path = Buffer.from(maildir, 'utf8').toString('latin1').replace(/\/+$/, '') || '/'
    return this.#env.accounts.open({path, quota, env: this.#env})
  }
}
