import {setTimeout as sleep} from 'node:timers/promises'
import type {Authenticator, CheckResult, ExchangeStep} from '../auth/account.js'
import type {LoginGuard} from '../net/guard/login-guard.js'

/** Whom the guard knows: the address, and the account when it is told. */
interface Attempt {
  readonly ip: string
  readonly account: string | undefined
}

/** An authenticator whose callers wait when the guard says so, before anything is looked up; the guard hears how it went. */
export function guarded(authenticator: Authenticator, guard: LoginGuard): Authenticator {
  const wait = async ({ip, account}: Attempt) => {
    const delayMs = guard.delayMs(ip, account)
    if (delayMs > 0) await sleep(delayMs, undefined, {ref: false})
  }
  const tell = ({outcome}: CheckResult, {ip, account}: Attempt) => {
    if (outcome === 'refused') guard.failed(ip, account)
    else if (outcome === 'accepted') guard.succeeded(ip, account)
  }
  const follow = (step: ExchangeStep, attempt: Attempt): ExchangeStep => {
    if (step.kind === 'checked') tell(step.result, attempt)
    else if (step.kind === 'failed' && step.reason === 'refused') guard.failed(attempt.ip, undefined)
    if (step.kind !== 'challenge') return step
    return {...step, answer: async (response) => follow(await step.answer(response), attempt)}
  }
  return {
    async check(request) {
      const attempt = {ip: request.remote, account: request.user}
      await wait(attempt)
      const result = await authenticator.check(request)
      tell(result, attempt)
      return result
    },
    async begin(start) {
      // What the mechanism says of the account only the auth role can read.
      const attempt = {ip: start.remote, account: undefined}
      await wait(attempt)
      return follow(await authenticator.begin(start), attempt)
    },
  }
}
