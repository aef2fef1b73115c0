import type {Log} from '../../log/log.js'
import type {Secret} from '../../log/secret.js'
import type {PasswordCheck} from '../account.js'
import type {PasswordCrypt} from '../hash/password-crypt.js'

/**
 * What an account source knows of an account (`spec/auth.md` §24.1). Texts as they are stored: undefined means "has none", the
 * empty text is a value.
 */
export interface AccountAttributes {
  /** The login identity, ADDRESS. */
  readonly address: string
  /** USERNAME: the account is this system user's. The daemon tells it instead of `uid`. */
  readonly systemUser?: string | undefined
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly maildir: string | undefined
  readonly quota: string | undefined
  readonly fullName: string | undefined
  readonly options: string | undefined
  /** PASSWD: the stored hash. Octets, one character for each. */
  readonly passwordHash?: Secret | undefined
  /** PASSWD2: the password in clear, as the source has it, or as it has just been checked. Never empty. Octets, one character for each. */
  readonly clearPassword?: Secret | undefined
  /**
   * Further secrets by their names in userdb without the service, `hmac-md5pw` or `scram-sha-256pw` (RFC 5803); those of the
   * service that was asked for come first. For mechanisms that need more than a hash.
   */
  readonly secrets?: ReadonlyMap<string, Secret> | undefined
}

/** The source does not answer: a temporary failure, never a wrong password. */
export interface Unavailable {
  readonly outcome: 'unavailable'
  /** For the log: without secrets. */
  readonly reason: string
  /** The modules after this one are asked all the same; when none accepts, the answer is still "unavailable" (`spec/auth.md` §14). */
  readonly asksOthers?: boolean
}

export type ModuleResult =
  | {readonly outcome: 'accepted'; readonly account: AccountAttributes}
  /** Wrong password, unknown account, …: the next module is asked (`spec/auth.md` §14). */
  | {readonly outcome: 'refused'}
  | Unavailable

/** CRAM as the client answered it; for sources that check it themselves. */
export interface ChallengeCheck {
  readonly service: string
  readonly method: 'cram-md5' | 'cram-sha1' | 'cram-sha256'
  /** Base64. */
  readonly challenge: string
  /** Base64. */
  readonly response: string
  readonly remote: string
}

/** PASSWD. Octets of the passwords, one character for each. */
export interface PasswordChange {
  readonly service: string
  readonly user: string
  readonly oldPassword: Secret
  readonly newPassword: Secret
  readonly remote: string
}

/** A stored hash and a stronger one of the same password. Octets, one character for each. */
export interface Rehash {
  readonly service: string
  readonly user: string
  readonly from: Secret
  readonly to: Secret
}

export type ChangeResult =
  | {readonly outcome: 'changed'}
  /** Wrong password, unknown account, nothing to change: the next module is asked. */
  | {readonly outcome: 'refused'}
  | Unavailable

/** A line of ENUMERATE; DEFAULTOPTIONS are not yet merged. */
export interface EnumeratedAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly maildir: string | undefined
  readonly options: string | undefined
}

/** Whether an account source could answer now; the reason is for the administrator. */
export type ModuleHealth = {readonly usable: true} | {readonly usable: false; readonly reason: string}

/**
 * An account source: one file or folder in `modules/`, one line in `modules/registry.ts`. It opens what it needs at the first
 * request. Expected failures are results; what is thrown is a bug, or a `Fault` that counts as unavailable.
 */
export interface AuthModule {
  /** As in `authmodulelist`. */
  readonly name: string
  /** Authenticates by password. */
  check(request: PasswordCheck): Promise<ModuleResult>
  /** For sources that check a CRAM response themselves; from others `find` gives the secrets to check it with. */
  checkChallenge?(request: ChallengeCheck): Promise<ModuleResult>
  /** The account without a password check (PRE). */
  find(service: string, user: string): Promise<ModuleResult>
  /** Verifies the old password and puts the new one in its place. Absent: this source changes no passwords. */
  changePassword?(request: PasswordChange): Promise<ChangeResult>
  /**
   * Stores a stronger hash in place of the one that was just checked, soon or never; another one that is stored by then stays. Absent:
   * this source stores none.
   */
  rehash?(request: Rehash): Promise<void>
  /** Whether an account has no secret for SCRAM-SHA-256 yet and this source could store one. Absent: it stores none. */
  wantsScram?(service: string, user: string): Promise<boolean>
  /** Stores one (RFC 5803), soon or never; one that is there by then stays. */
  storeScram?(request: {readonly service: string; readonly user: string; readonly secret: Secret}): Promise<void>
  /**
   * All accounts. Absent: this source cannot list them.
   *
   * @throws {Fault} `unavailable`, also after some accounts: the list is not complete
   */
  enumerate?(): AsyncIterable<EnumeratedAccount>
  /** Tries whether the source answers. Changes nothing. */
  health(): Promise<ModuleHealth>
  /**
   * Starts what needs the rights of this process, which is about to give them up for good. What is lost afterwards is not
   * started again.
   */
  warmUp?(): Promise<void>
  /** Ends connections and processes. What waits is unavailable. */
  close(): Promise<void>
}

/** What modules are made from. */
export interface ModuleContext {
  /** Directory with `userdb`, `authldaprc`, …. */
  readonly directory: string
  readonly crypt: PasswordCrypt
  readonly log: Log
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** `daemons`: requests that a source with processes or connections serves at the same time. */
  readonly daemons: number
  /** What authdaemonrc sets for libraries and programs: `LDAPTLS_CACERT`, …. */
  readonly environment: Readonly<Record<string, string>>
  /** That many unpredictable octets. */
  readonly random: (octets: number) => Buffer
  /** Socket of the authdaemond that the module `authdaemon` asks. */
  readonly daemonSocket?: string | undefined
}

export interface ModuleType {
  readonly name: string
  /**
   * Connects to nothing and starts nothing yet. Undefined when the module is not set up here (no rc file, no program): it is left
   * out as one that is not installed, because shipped lists name modules that nobody uses.
   */
  create(context: ModuleContext): AuthModule | undefined
}
