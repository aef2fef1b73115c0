import type {Log} from '../../log/log.js'
import type {PasswordCheck} from '../account.js'
import type {CryptPool} from '../hash/crypt-pool.js'

/** What an account source knows of an account (`spec/auth.md` §24.1). Texts as they are stored. */
export interface AccountAttributes {
  /** The login identity, ADDRESS. */
  readonly address: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly maildir: string | undefined
  readonly quota: string | undefined
  readonly fullName: string | undefined
  readonly options: string | undefined
}

export type ModuleResult =
  | {readonly outcome: 'accepted'; readonly account: AccountAttributes}
  /** Wrong password, unknown account, …: the next module is asked (`spec/auth.md` §14). */
  | {readonly outcome: 'refused'}
  /** The source does not answer: nobody else is asked. */
  | {readonly outcome: 'unavailable'; readonly reason: string}

/** An account source: one file in `modules/`, one line in `modules/registry.ts`. */
export interface AuthModule {
  /** As in `authmodulelist`. */
  readonly name: string
  /** Expected failures are results; what is thrown is a bug, or a `Fault` that counts as unavailable. */
  check(request: PasswordCheck): Promise<ModuleResult>
  /** The account without a password check. */
  find(service: string, user: string): Promise<ModuleResult>
  close(): Promise<void>
}

/** What modules are made from. */
export interface ModuleContext {
  /** Directory with `userdb`, `authldaprc`, …. */
  readonly directory: string
  readonly crypt: CryptPool
  readonly log: Log
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

export interface ModuleType {
  readonly name: string
  create(context: ModuleContext): AuthModule
}
