import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import type {Account, Authenticator, CheckResult, ExchangeStart, PasswordCheck, Ticket, TicketOffice} from './account.js'
import type {ExchangeTools} from './exchanges/exchange.js'
import {exchanges} from './exchanges/registry.js'
import type {ModuleChain} from './module-chain.js'
import type {AccountAttributes} from './modules/module.js'
import {Once} from './once.js'
import {optionIsOn} from './options.js'
import type {Tickets} from './tickets.js'
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
  readonly random: (octets: number) => Buffer
  readonly tickets: Tickets
  readonly sasl: SaslOptions
  /** An account's client has proven itself. */
  readonly onAdmitted?: ((login: Admitted) => void) | undefined
}

/** Who logged in to what, and from where. */
export interface Admitted {
  readonly user: string
  readonly service: string
  readonly remote: string
}

/** What mechanisms need besides accounts. */
export type SaslOptions = Pick<ExchangeTools, 'hostName' | 'decoys' | 'acceptsCertificates' | 'tokens'>

/** Accounts whose lack of a secret has been told, and is not told again. */
const MAX_EXPLAINED = 10_000

export function createAuthRole({modules, defaults, complete, log, random, tickets, sasl, onAdmitted}: AuthRoleOptions): AuthRole {
  const explained = new Once(MAX_EXPLAINED)

  function usable(found: AccountAttributes): Account | undefined {
    try {
      return toAccount(found, defaults)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.error('auth.bad-account', {user: found.address, reason: error.message})
      return undefined
    }
  }

  async function admit(found: AccountAttributes, {service, remote}: Pick<PasswordCheck, 'service' | 'remote'>): Promise<CheckResult> {
    const account = usable(found)
    if (!account) return {outcome: 'refused'}
    if (!optionIsOn(account.options, `disable${service}`)) onAdmitted?.({user: account.name, service, remote})
    const issued = tickets.issue(account)
    return {outcome: 'accepted', ticket: typeof issued === 'string' ? issued : await issued}
  }

  const explain = (user: string, method: string, reason: string) => {
    if (explained.isFirst(`${method} ${user}`)) log.warning('auth.no-secret', {user, method, reason})
  }
  const tools: Omit<ExchangeTools, 'admit'> = {modules, complete, explain, random, log, ...sasl}

  return {
    modules,
    async check(request: PasswordCheck): Promise<CheckResult> {
      const user = complete(request.user)
      const {service, password, remote} = request
      const result = await modules.check({service, user, password, remote})
      return result.outcome === 'accepted' ? admit(result.account, request) : result
    },
    async begin(start: ExchangeStart) {
      const exchange = exchanges.find(({mechanisms}) => mechanisms.includes(start.mechanism))
      return exchange ? exchange.begin(start, {...tools, admit: (found) => admit(found, start)}) : {kind: 'failed', reason: 'refused'}
    },
    redeem: (ticket: Ticket) => tickets.redeem(ticket),
    async find(service, user) {
      const result = await modules.find(service, user)
      if (result.outcome === 'unavailable') throw new Fault('unavailable', result.reason)
      return result.outcome === 'accepted' ? usable(result.account) : undefined
    },
    async close() {
      await sasl.tokens?.close()
      await modules.close()
    },
  }
}
