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
  const wait = async ({ip, account}: Attempt, waitedMs = 0) => {
    const delayMs = guard.delayMs(ip, account) - waitedMs
    if (delayMs > 0) await sleep(delayMs, undefined, {ref: false})
  }
  const tell = ({outcome}: CheckResult, {ip, account}: Attempt) => {
    if (outcome === 'refused') guard.failed(ip, account)
    else if (outcome === 'accepted') guard.succeeded(ip, account)
  }
  const follow = async (step: ExchangeStep, begun: Attempt): Promise<ExchangeStep> => {
    if (step.kind === 'failed') {
      if (step.reason === 'refused') guard.failed(begun.ip, begun.account)
      return step
    }
    const attempt = {...begun, account: begun.account ?? step.user}
    // CRAM tells the name together with the proof: then the answer waits as long as the check would have.
    if (attempt.account !== begun.account) await wait(attempt, guard.delayMs(begun.ip, undefined))
    if (step.kind === 'checked') tell(step.result, attempt)
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
      // What the mechanism says of the account only the auth role can read; its steps tell.
      const attempt = {ip: start.remote, account: undefined}
      await wait(attempt)
      return follow(await authenticator.begin(start), attempt)
    },
  }
}
