/** What an authdaemond answers (`spec/auth.md` §12): asks the account sources, tells what they know. */
import {isUtf8} from 'node:buffer'
import type {Log} from '../../log/log.js'
import type {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import {credentialsOf} from '../credentials.js'
import type {ModuleChain} from '../module-chain.js'
import type {AccountAttributes, AuthModule, ModuleResult} from '../modules/module.js'
import {type AccountDefaults, toAccount} from '../to-account.js'
import {END, FAIL, formatAccount, formatEnumerated, formatModule, NOTHING, OK} from './format-reply.js'
import {twoLines} from './parse-request.js'
import type {AuthRequest, DaemonRequest, LookUpRequest, PasswordRequest} from './request.js'

/** An authentication as a client of the daemon hands it over. */
export interface DaemonLogin {
  readonly service: string
  /** `login`, `cram-md5`, … */
  readonly authType: string
  /** What belongs to the type: name and password, challenge and response, each on a line. Octets, one character for each. */
  readonly data: Secret
  /** Address of the client's client, as far as it is known. */
  readonly remote: string
}

/** Checks logins of one type. */
export type Authenticate = (login: DaemonLogin) => Promise<ModuleResult>

export interface DaemonAnswersOptions {
  readonly modules: ModuleChain
  /** DEFAULTOPTIONS and the default Maildir. */
  readonly defaults: AccountDefaults
  /** Types beyond `login`, by their names; others are refused. */
  readonly authenticators: ReadonlyMap<string, Authenticate>
  readonly log: Log
}

/** A reply: octets as characters, in pieces when it is long. Empty: the connection is closed without one. */
export type Answer = string | AsyncIterable<string>

const REFUSED: ModuleResult = {outcome: 'refused'}
/** Who asks without naming a client, for fair queueing. */
const LOCAL = 'authdaemon'
/** Pieces of a long reply are about this long. */
const PIECE_OCTETS = 16 * 1024

export class DaemonAnswers {
  readonly #options: DaemonAnswersOptions

  constructor(options: DaemonAnswersOptions) {
    this.#options = options
  }

  async answer(request: DaemonRequest): Promise<Answer> {
    switch (request.command) {
      case 'AUTH':
        return this.#reply(await this.#authenticate(request))
      case 'PRE':
        return this.#reply(await this.#lookUp(request))
      case 'PASSWD':
        return this.#changePassword(request)
      case 'ENUMERATE':
        return this.#enumerate()
      case 'refused':
        return FAIL
    }
  }

  async #authenticate({service, authType, data, remote}: AuthRequest): Promise<ModuleResult> {
    const {authenticators, modules} = this.#options
    const asked = text(service)
    if (asked === undefined) return REFUSED
    const from = remote || LOCAL
    if (authType !== 'login') {
      return (await authenticators.get(authType)?.({service: asked, authType, data, remote: from})) ?? REFUSED
    }
    const lines = twoLines(data.reveal())
    const credentials = lines && credentialsOf(octetsOf(lines[0]), octetsOf(lines[1]))
    return credentials ? modules.check({service: asked, remote: from, ...credentials}) : REFUSED
  }

  async #lookUp({module, service, user}: LookUpRequest): Promise<ModuleResult> {
    const [asked, name, only] = [text(service), text(user), text(module ?? '')]
    if (asked === undefined || !name || only === undefined) return REFUSED
    return this.#options.modules.find(asked, name, module === undefined ? undefined : only)
  }

  async #changePassword({service, user, oldPassword, newPassword, remote}: PasswordRequest): Promise<string> {
    const [asked, name] = [text(service), text(user)]
    if (asked === undefined || !name || oldPassword.reveal() === '' || newPassword.reveal() === '') return FAIL
    const request = {service: asked, user: name, oldPassword, newPassword, remote: remote || LOCAL}
    // Courier: a temporary failure is told as FAIL, too.
    return (await this.#options.modules.changePassword(request)).outcome === 'changed' ? OK : FAIL
  }

  #reply(result: ModuleResult): string {
    if (result.outcome === 'refused') return FAIL
    if (result.outcome === 'unavailable') return NOTHING
    return this.#isUsable(result.account) ? this.#attributes(result.account) : FAIL
  }

  /** No session may run as root (`spec/auth.md` §28): told to nobody. */
  #isUsable(account: AccountAttributes): boolean {
    const {defaults, log} = this.#options
    try {
      toAccount(account, defaults)
      return true
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.error('auth.bad-account', {user: account.address, reason: error.message})
      return false
    }
  }

  #attributes(account: AccountAttributes): string {
    const {defaults, log} = this.#options
    try {
      return formatAccount(account, defaults.options)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.error('auth.bad-account', {user: account.address, reason: error.message})
      return NOTHING
    }
  }

  /** Without its last line when a source fails: the client then knows that accounts are missing (`spec/auth.md` §12.5). */
  async *#enumerate(): AsyncGenerator<string> {
    for (const module of this.#options.modules.modules) {
      if (!module.enumerate) continue
      yield formatModule(module.name)
      try {
        yield* this.#accountsOf(module)
      } catch (error) {
        this.#options.log.error('auth.unavailable', {
          reason: `${module.name}: ${error instanceof Error ? error.message : String(error)}`,
          ...(error instanceof Fault ? {} : {error}),
        })
        return
      }
    }
    yield END
  }

  async *#accountsOf(module: AuthModule): AsyncGenerator<string> {
    let piece = ''
    for await (const account of module.enumerate?.() ?? []) {
      const line = formatEnumerated(account, this.#options.defaults.options)
      if (line === undefined) this.#options.log.warning('auth.bad-account', {user: account.name, reason: 'It holds a TAB or line feed'})
      else piece += line
      if (piece.length < PIECE_OCTETS) continue
      yield piece
      piece = ''
    }
    if (piece !== '') yield piece
  }
}

function octetsOf(characters: string): Buffer {
  return Buffer.from(characters, 'latin1')
}

/** Octets as text; undefined for what no name of ours can be: not UTF-8, or with controls. */
function text(characters: string): string | undefined {
  const octets = octetsOf(characters)
  return isUtf8(octets) && !/[\x00-\x1f\x7f]/.test(characters) ? octets.toString('utf8') : undefined
}
