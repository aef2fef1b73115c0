import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import type {Account, Authenticator, CheckResult, PasswordCheck, Ticket, TicketOffice} from './account.js'
import type {AccountAttributes, AuthModule, ModuleResult} from './modules/module.js'
import {TicketBook} from './tickets.js'
import {type AccountDefaults, toAccount} from './to-account.js'

/** The auth role within this process: checks passwords, issues tickets, redeems them. */
export interface AuthRole extends Authenticator, TicketOffice {
  /** The account of that name without a password (PREAUTH); undefined when there is none. */
  find(service: string, user: string): Promise<Account | undefined>
  close(): Promise<void>
}

export interface AuthRoleOptions {
  /** In the order in which they are asked. */
  readonly modules: readonly AuthModule[]
  readonly defaults: AccountDefaults
  /** The name in full, as DEFDOMAIN has it (`completeName`). */
  readonly complete: (user: string) => string
  readonly log: Log
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  readonly random: (octets: number) => Buffer
}

/** Module order and results as in `spec/auth.md` §14: a wrong password asks the next module, a source that is down ends it. */
export function createAuthRole({modules, defaults, complete, log, now, random}: AuthRoleOptions): AuthRole {
  const tickets = new TicketBook({now, random})

  /** The first answer that is no refusal. */
  async function ask(user: string, question: (module: AuthModule) => Promise<ModuleResult>): Promise<ModuleResult> {
    let otherwise: ModuleResult = {outcome: 'refused'}
    for (const module of modules) {
      const result = await answerOf(module, user, question)
      if (result.outcome === 'unavailable') log.error('auth.unavailable', {user, reason: `${module.name}: ${result.reason}`})
      if (result.outcome === 'unavailable' && result.asksOthers) otherwise = result
      else if (result.outcome !== 'refused') return result
    }
    return otherwise
  }

  async function answerOf(
    module: AuthModule,
    user: string,
    question: (module: AuthModule) => Promise<ModuleResult>,
  ): Promise<ModuleResult> {
    try {
      return await question(module)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!(error instanceof Fault)) log.error('auth.bug', {user, reason: `${module.name}: ${reason}`, error})
      return {outcome: 'unavailable', reason}
    }
  }

  function usable(found: AccountAttributes): Account | undefined {
    try {
      return toAccount(found, defaults)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.error('auth.bad-account', {user: found.address, reason: error.message})
      return undefined
    }
  }

  return {
    async check(request: PasswordCheck): Promise<CheckResult> {
      const user = complete(request.user)
      const result = await ask(user, (module) => module.check({...request, user}))
      if (result.outcome !== 'accepted') return result
      const account = usable(result.account)
      return account ? {outcome: 'accepted', ticket: tickets.issue(account)} : {outcome: 'refused'}
    },
    redeem: async (ticket: Ticket) => tickets.redeem(ticket),
    async find(service, user) {
      const result = await ask(user, (module) => module.find(service, user))
      if (result.outcome === 'unavailable') throw new Fault('unavailable', result.reason)
      return result.outcome === 'accepted' ? usable(result.account) : undefined
    },
    async close() {
      for (const module of modules) await module.close()
    },
  }
}
