/** The accounts as a command-line tool sees them: through the modules in this process, or through an authdaemond. */

import type {PasswordCheck} from '../auth/account.js'
import {authdaemon} from '../auth/modules/authdaemon/authdaemon.js'
import type {ChangeResult, EnumeratedAccount, ModuleResult, PasswordChange} from '../auth/modules/module.js'
import {authDirectory} from '../config/config-directory.js'
import {hasErrors, problemText} from '../config/problem.js'
import {readAuthConfiguration} from '../config/read-auth-configuration.js'
import {createLog} from '../log/create-log.js'
import {Fault} from '../support/fault.js'
import {authSettings} from './auth-settings.js'
import type {AuthSettings} from './start-auth.js'
import {octetsOf, type ToolIo} from './tool.js'

export interface AccountSource {
  check(request: PasswordCheck): Promise<ModuleResult>
  find(service: string, user: string): Promise<ModuleResult>
  changePassword(request: PasswordChange): Promise<ChangeResult>
  /** @throws {Fault} when the list is not complete */
  enumerate(): AsyncIterable<EnumeratedAccount>
  /** DEFAULTOPTIONS that are not yet in the answers. */
  readonly defaultOptions: string
  /** It is an authdaemond. */
  readonly daemon: boolean
  close(): Promise<void>
}

export interface SourceOptions {
  readonly config: string | undefined
  /** Socket of an authdaemond that is asked instead of our modules. */
  readonly socket: string | undefined
}

/**
 * Opens the accounts of the configuration. What goes wrong inside is told on standard error.
 *
 * @throws {Fault} `bad-configuration`
 */
export async function openAccountSource({config, socket}: SourceOptions, io: ToolIo): Promise<AccountSource> {
  const settings = socket === undefined ? await authSettingsOf(authDirectory(config, io.env), io.env) : undefined
  const daemonOnly = settings?.modules.length === 1 && settings.modules[0] === 'authdaemon'
  const path = socket ?? (daemonOnly ? settings.daemonSocket : undefined)
  if (!settings || path !== undefined) return daemonSource(path ?? '')
  const log = createLog({format: 'text', write: (lines) => io.err(octetsOf(lines)), now: () => new Date(), debug: false})
  // All modules with their libraries: not for those who ask a daemon.
  const {accountChain} = await import('./account-modules.js')
  const {modules, close} = accountChain(settings, log)
  return {
    check: (request) => modules.check(request),
    find: (service, user) => modules.find(service, user),
    changePassword: (request) => modules.changePassword(request),
    async *enumerate() {
      for (const module of modules.modules) if (module.enumerate) yield* module.enumerate()
    },
    defaultOptions: settings.defaultOptions,
    daemon: false,
    close,
  }
}

/** Without the chain, which would hide why nobody answers. */
function daemonSource(path: string): AccountSource {
  const module = authdaemon({path, daemons: 1})
  return {
    check: (request) => module.check(request),
    find: (service, user) => module.find(service, user),
    changePassword: async (request) => (await module.changePassword?.(request)) ?? {outcome: 'refused'},
    enumerate: () => module.enumerate?.() ?? nothing(),
    defaultOptions: '',
    daemon: true,
    close: () => module.close(),
  }
}

async function* nothing(): AsyncGenerator<EnumeratedAccount> {}

/** Settings of the account sources as the servers have them. @throws {Fault} `bad-configuration` with all errors */
export async function authSettingsOf(directory: string, env: NodeJS.ProcessEnv): Promise<AuthSettings> {
  const configuration = await readAuthConfiguration(directory)
  const {problems} = configuration
  if (hasErrors(problems)) throw new Fault('bad-configuration', problems.map(problemText).join('\n'))
  const defaultDomain = {domain: env.DEFDOMAIN ?? '', separators: env.DOMAINSEP}
  return authSettings(configuration, {defaultMaildir: './Maildir', defaultDomain})
}
