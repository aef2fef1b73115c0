import {setTimeout as sleep} from 'node:timers/promises'
import type {Authenticator, CheckResult, ExchangeStart, ExchangeStep, PasswordCheck} from '../auth/account.js'
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
    await this.#wait(attempt)
    const result = await this.#authenticator.check(request)
    this.#tell(result, attempt)
    return result
  }

  async begin(start: ExchangeStart): Promise<ExchangeStep> {
    // What the mechanism says of the account only the auth role can read; its steps tell.
    const attempt = {ip: start.remote, account: undefined}
    await this.#wait(attempt)
    return this.#follow(await this.#authenticator.begin(start), attempt)
  }

  async #wait({ip, account}: Attempt, waitedMs = 0): Promise<void> {
    const delayMs = this.#guard.delayMs(ip, account) - waitedMs
    if (delayMs > 0) await sleep(delayMs, undefined, {ref: false})
  }

  #tell({outcome}: CheckResult, {ip, account}: Attempt): void {
    if (outcome === 'refused') this.#guard.failed(ip, account)
    else if (outcome === 'accepted') this.#guard.succeeded(ip, account)
  }

  async #follow(step: ExchangeStep, begun: Attempt): Promise<ExchangeStep> {
    if (step.kind === 'failed') {
      if (step.reason === 'refused') this.#guard.failed(begun.ip, begun.account)
      return step
    }
    const attempt = {...begun, account: begun.account ?? step.user}
    // CRAM tells the name together with the proof: then the answer waits as long as the check would have.
    if (attempt.account !== begun.account) await this.#wait(attempt, this.#guard.delayMs(begun.ip, undefined))
    if (step.kind === 'checked') this.#tell(step.result, attempt)
    if (step.kind !== 'challenge') return step
    return {...step, answer: async (response) => this.#follow(await step.answer(response), attempt)}
  }
}
