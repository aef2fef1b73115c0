import type {CheckResult} from '../auth/account.js'
import type {Credentials} from '../auth/credentials.js'
import type {SaslMechanism} from '../auth/sasl/mechanism.js'
import type {Outcome} from './replies/tagged.js'
import type {AnyContext} from './session.js'

/** What the state `not-authenticated` offers. */
export interface LoginContext extends AnyContext {
  readonly login: LoginDesk
}

/** What a failed attempt is logged with: Courier names the user of LOGIN and the method of AUTHENTICATE. */
export type Attempt = {readonly user: string} | {readonly method: string}

/** How a session gets from the greeting to an account. */
export interface LoginDesk {
  /** Login is refused until STARTTLS. */
  readonly tlsMissing: boolean
  /** STARTTLS is possible now. */
  readonly canEncrypt: boolean
  /** Checks name and password. A refusal comes at a fixed time after the command, whatever the reason. */
  check(credentials: Credentials, attempt: Attempt): Promise<Outcome>
  /** The mechanism of that name; who does not exist refuses. */
  mechanism(name: string): SaslMechanism
  /** Now: when the time of a command begins. */
  begin(): number
  /** Answers with what was found out since `beganMs` (of `begin`), like `check`. */
  conclude(result: CheckResult, attempt: Attempt, beganMs: number): Outcome | Promise<Outcome>
  /** Refuses without a check, at the same time and with the same words. */
  refuse(attempt: Attempt, beganMs?: number): Promise<Outcome>
  /** Waits for the time at which a failure is told. */
  untilAnswer(beganMs: number): Promise<void>
  /** Logs an attempt that ended without credentials because of the client. */
  logFailure(attempt: Attempt): void
  /** Throws away what was received. Call before the client is told to begin with TLS. */
  discardReceived(): void
  /** Goes on encrypted. */
  encrypt(): Promise<void>
}
