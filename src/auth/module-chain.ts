import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import type {PasswordCheck} from './account.js'
import type {AccountAttributes, AuthModule, ChangeResult, ModuleResult, PasswordChange, Unavailable} from './modules/module.js'

type Refused = {readonly outcome: 'refused'}

export interface ModuleChainOptions {
  /** In the order in which they are asked. */
  readonly modules: readonly AuthModule[]
  readonly log: Log
  /** Called for each password that a module has accepted. */
  readonly onAccepted?: ((module: AuthModule, request: PasswordCheck, account: AccountAttributes) => void) | undefined
}

/**
 * The account sources as one: a wrong password asks the next module, a source that is down ends it (`spec/auth.md` §14).
 * What comes back is what the modules know, before defaults and checks.
 */
export class ModuleChain {
  readonly modules: readonly AuthModule[]
  readonly #log: Log
  readonly #onAccepted: ModuleChainOptions['onAccepted']

  constructor({modules, log, onAccepted}: ModuleChainOptions) {
    this.#onAccepted = onAccepted
    this.modules = modules
    this.#log = log
  }

  check(request: PasswordCheck): Promise<ModuleResult> {
    const onAccepted = this.#onAccepted
    return this.ask(
      request.user,
      (module) => module.check(request),
      onAccepted && ((module, result) => (result.outcome === 'accepted' ? onAccepted(module, request, result.account) : undefined)),
    )
  }

  /** `module`: only the one of that name. */
  find(service: string, user: string, module?: string): Promise<ModuleResult> {
    return this.ask(user, (each) => (module === undefined || each.name === module ? each.find(service, user) : undefined))
  }

  changePassword(request: PasswordChange): Promise<ChangeResult> {
    return this.ask(request.user, (module) => module.changePassword?.(request))
  }

  /** The first answer that is no refusal. Modules that have no answer (undefined) are passed over. `saw` is told each answer. */
  async ask<Result extends ModuleResult | ChangeResult>(
    user: string,
    question: (module: AuthModule) => Promise<Result> | undefined,
    saw?: (module: AuthModule, answer: Result) => void,
  ): Promise<Result | Refused | Unavailable> {
    let otherwise: Refused | Unavailable = {outcome: 'refused'}
    for (const module of this.modules) {
      let result: Result | Unavailable | undefined
      try {
        const answer = await question(module)
        if (answer) saw?.(module, answer)
        result = answer
      } catch (error) {
        result = this.#failure(error, module, user)
      }
      if (result === undefined) continue
      if (result.outcome === 'unavailable') this.#log.error('auth.unavailable', {user, reason: `${module.name}: ${result.reason}`})
      if (result.outcome === 'unavailable' && result.asksOthers) otherwise = result
      else if (result.outcome !== 'refused') return result
    }
    return otherwise
  }

  #failure(error: unknown, module: AuthModule, user: string): Unavailable {
    const reason = error instanceof Error ? error.message : String(error)
    if (!(error instanceof Fault)) this.#log.error('auth.bug', {user, reason: `${module.name}: ${reason}`, error})
    return {outcome: 'unavailable', reason}
  }

  async close(): Promise<void> {
    for (const module of this.modules) await module.close()
  }
}
