import type {Authenticator, ChannelFacts, CheckResult} from '../auth/account.js'
import type {Credentials} from '../auth/credentials.js'
import {FailureClock, type TimeSource} from '../auth/failure-clock.js'
import type {SaslMechanism} from '../auth/sasl/mechanism.js'
import {findMechanism} from '../auth/sasl/registry.js'
import {Hangup} from '../support/fault.js'
import {tlsMissing} from './capability.js'
import type {ImapSession} from './imap-session.js'
import type {Attempt, LoginDesk} from './login.js'
import {bye, no, type Outcome} from './replies/tagged.js'

export interface LoginDeskOptions {
  readonly session: ImapSession
  readonly authenticator: Authenticator
  readonly service: () => string
  /** The state of the connection now. */
  readonly encrypted: () => boolean
  readonly channel: () => ChannelFacts
  readonly canEncrypt: () => boolean
  readonly discardReceived: () => void
  readonly encrypt: () => Promise<void>
  readonly time?: TimeSource | undefined
}

/** Checks logins of one connection. A failure is told at a fixed time after its command, so that time tells nothing. */
export class ImapLoginDesk implements LoginDesk {
  readonly #options: LoginDeskOptions
  readonly #failures: FailureClock

  constructor(options: LoginDeskOptions) {
    this.#options = options
    this.#failures = new FailureClock({periodMs: options.session.settings.failedLoginMs, time: options.time})
  }

  get tlsMissing(): boolean {
    const {session, encrypted} = this.#options
    return tlsMissing({settings: session.settings, encrypted: encrypted()})
  }

  get canEncrypt(): boolean {
    return this.#options.canEncrypt()
  }

  discardReceived(): void {
    this.#options.discardReceived()
  }

  encrypt(): Promise<void> {
    return this.#options.encrypt()
  }

  begin(): number {
    return this.#failures.begin()
  }

  async check({user, password}: Credentials, attempt: Attempt): Promise<Outcome> {
    const {session, authenticator, service} = this.#options
    const began = this.begin()
    return this.conclude(await authenticator.check({service: service(), user, password, remote: session.client.ip}), attempt, began)
  }

  mechanism(name: string): SaslMechanism {
    const {session, authenticator, service, channel} = this.#options
    return findMechanism(authenticator, {service: service(), mechanism: name, remote: session.client.ip, channel: channel()})
  }

  conclude(result: CheckResult, attempt: Attempt, beganMs: number): Outcome | Promise<Outcome> {
    const {session} = this.#options
    if (session.isGone) throw new Hangup('closed')
    if (result.outcome === 'accepted') return {status: 'HANDOVER', ticket: result.ticket, beganMs}
    if (result.outcome === 'refused') return this.refuse(attempt, beganMs)
    return this.#cannotTell(result.reason, attempt, beganMs)
  }

  async #cannotTell(reason: string, attempt: Attempt, beganMs: number): Promise<Outcome> {
    const {session} = this.#options
    this.logFailure(attempt)
    session.log.error('auth.error', {...address(session), reason})
    await this.untilAnswer(beganMs)
    // Courier: says BYE, so that clients do not take it for a wrong password and ask for another one.
    return bye('Temporary problem, please try again later', 'UNAVAILABLE')
  }

  async refuse(attempt: Attempt, beganMs = this.begin()): Promise<Outcome> {
    this.logFailure(attempt)
    await this.untilAnswer(beganMs)
    return no('Login failed.', 'AUTHENTICATIONFAILED')
  }

  logFailure(attempt: Attempt): void {
    const {session} = this.#options
    session.log.info('imap.login-failed', {...address(session), ...attempt})
  }

  async untilAnswer(beganMs: number): Promise<void> {
    try {
      await this.#failures.wait(beganMs, this.#options.session.signal)
    } catch {
      throw new Hangup('closed')
    }
  }
}

function address({client}: ImapSession): {readonly ip: string; readonly port: number} {
  return {ip: client.ip, port: client.port}
}
