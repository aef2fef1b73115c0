import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import type {Account, Authenticator, CheckResult, PasswordCheck, Ticket, TicketOffice} from './account.js'
import type {ModuleChain} from './module-chain.js'
import type {AccountAttributes} from './modules/module.js'
import {TicketBook} from './tickets.js'
import {type AccountDefaults, toAccount} from './to-account.js'

/** The auth role within this process: checks passwords, issues tickets, redeems them. */
export interface AuthRole extends Authenticator, TicketOffice {
  /** What the account sources know, for those who speak for other programs. */
  readonly modules: ModuleChain
  /** The account of that name without a password (PREAUTH); undefined when there is none. */
  find(service: string, user: string): Promise<Account | undefined>
  close(): Promise<void>
}

export interface AuthRoleOptions {
  readonly modules: ModuleChain
  readonly defaults: AccountDefaults
  /** The name in full, as DEFDOMAIN has it (`completeName`). */
  readonly complete: (user: string) => string
  readonly log: Log
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  readonly random: (octets: number) => Buffer
}

export function createAuthRole({modules, defaults, complete, log, now, random}: AuthRoleOptions): AuthRole {
  const tickets = new TicketBook({now, random})

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
    modules,
    async check(request: PasswordCheck): Promise<CheckResult> {
      const user = complete(request.user)
      const result = await modules.check({...request, user})
      if (result.outcome !== 'accepted') return result
      const account = usable(result.account)
      return account ? {outcome: 'accepted', ticket: tickets.issue(account)} : {outcome: 'refused'}
    },
    redeem: async (ticket: Ticket) => tickets.redeem(ticket),
    async find(service, user) {
      const result = await modules.find(service, user)
      if (result.outcome === 'unavailable') throw new Fault('unavailable', result.reason)
      return result.outcome === 'accepted' ? usable(result.account) : undefined
    },
    close: () => modules.close(),
  }
}
