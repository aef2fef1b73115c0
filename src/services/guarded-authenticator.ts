import {setTimeout as sleep} from 'node:timers/promises'
import type {Authenticator, CheckResult, ExchangeStart, ExchangeStep, PasswordCheck} from '../auth/account.js'
import {cramUserOf} from '../auth/cram/cram.js'
import type {LoginGuard} from '../net/guard/login-guard.js'

/** Whom the guard knows: the address, and the account when it is told. */
interface Attempt {
  readonly ip: string
  readonly account: string | undefined
}

/** An authenticator whose callers wait when the guard says so, before anything is looked up; the guard hears how it went. */
export class GuardedAuthenticator implements Authenticator {
  readonly #authenticator: Authenticator
  readonly #guard: LoginGuard

  constructor(authenticator: Authenticator, guard: LoginGuard) {
    this.#authenticator = authenticator
    this.#guard = guard
  }

  async check(request: PasswordCheck): Promise<CheckResult> {
    const attempt = {ip: request.remote, account: request.user}
    const waiting = this.#wait(attempt)
    if (waiting !== undefined) await waiting
    const result = await this.#authenticator.check(request)
    this.#tell(result, attempt)
    return result
  }

  async begin(start: ExchangeStart): Promise<ExchangeStep> {
    const attempt = {ip: start.remote, account: undefined}
    await this.#wait(attempt)
    return this.#follow(await this.#authenticator.begin(start), attempt, start.mechanism)
  }

  #wait({ip, account}: Attempt, waitedMs = 0): Promise<void> | undefined {
    const delayMs = this.#guard.delayMs(ip, account) - waitedMs
    return delayMs > 0 ? sleep(delayMs, undefined, {ref: false}) : undefined
  }

  #tell({outcome}: CheckResult, {ip, account}: Attempt): void {
    if (outcome === 'refused') this.#guard.failed(ip, account)
    else if (outcome === 'accepted') this.#guard.succeeded(ip, account)
  }

  async #follow(step: ExchangeStep, attempt: Attempt, mechanism: string): Promise<ExchangeStep> {
    if (step.kind === 'checked') this.#tell(step.result, attempt)
    else if (step.kind === 'failed' && step.reason === 'refused') this.#guard.failed(attempt.ip, attempt.account)
    if (step.kind !== 'challenge') return step
    const known = await this.#named(attempt, step.user)
    const answer = async (response: Buffer) => {
      // CRAM tells the name together with the proof, and nothing waits after the check: tickets do not last.
      const next = await this.#named(known, cramUserOf(mechanism, response))
      return this.#follow(await step.answer(response), next, mechanism)
    }
    return {...step, answer}
  }

  /** The attempt with its account, once that is told; then the rest of the wait is over that the account takes. */
  async #named(attempt: Attempt, user: string | undefined): Promise<Attempt> {
    if (attempt.account !== undefined || user === undefined) return attempt
    const known = {...attempt, account: user}
    await this.#wait(known, this.#guard.delayMs(attempt.ip, undefined))
    return known
  }
}
