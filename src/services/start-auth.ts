import {randomBytes} from 'node:crypto'
import {hostname} from 'node:os'
import {performance} from 'node:perf_hooks'
import {appPasswords} from '../auth/app-passwords/module.js'
import {AppPasswordStore} from '../auth/app-passwords/store.js'
import {type AuthRole, createAuthRole} from '../auth/auth-role.js'
import {completeName, type DefaultDomain} from '../auth/complete-name.js'
import {Rehasher, type RehashPolicy} from '../auth/hash/rehasher.js'
import type {LastLogins} from '../auth/last-logins.js'
import {ModuleChain, type ModuleChainOptions} from '../auth/module-chain.js'
import type {AuthModule} from '../auth/modules/module.js'
import {loadTryLock} from '../auth/native.js'
import {createTokenVerifier, type OAuthSettings} from '../auth/oauth/create-verifier.js'
import {Decoys} from '../auth/scram/decoys.js'
import {TicketBook, type Tickets} from '../auth/tickets.js'
import type {Log} from '../log/log.js'
import {type AccountModules, type AccountModulesSettings, accountModules} from './account-modules.js'

export interface AuthSettings extends AccountModulesSettings {
  /** DEFAULTOPTIONS. */
  readonly defaultOptions: string
  /** Maildir of accounts that name none, normally `./Maildir`. */
  readonly defaultMaildir: string
  readonly defaultDomain: DefaultDomain
  /** TLS_EXTERNAL is set: client certificates log in. */
  readonly acceptsCertificates?: boolean
  /** Tokens are accepted instead of passwords. */
  readonly oauth?: OAuthSettings | undefined
  /** Directory for what has to last; without it, the salts that SCRAM shows for unknown names change at each start. */
  readonly stateDirectory?: string
  /** What logins bring up to date; without it, nothing. */
  readonly rehash?: RehashPolicy
}

/** The auth role in this process. */
export type LocalAuthRole = AuthRole & Pick<AccountModules, 'warmUp'>

/** The account sources, and before them the app passwords that let in to their accounts. */
function withAppPasswords(
  modules: readonly AuthModule[],
  {stateDirectory, log, onAccepted}: Pick<ModuleChainOptions, 'log' | 'onAccepted'> & {readonly stateDirectory: string | undefined},
): ModuleChain {
  const sources = new ModuleChain({modules, log, onAccepted})
  if (stateDirectory === undefined) return sources
  const store = new AppPasswordStore({directory: stateDirectory, tryLock: loadTryLock, random: randomBytes})
  const first = appPasswords({store, find: (service, user) => sources.find(service, user), log, clock: Date.now})
  return new ModuleChain({modules: [first, ...modules], log, onAccepted})
}

/**
 * The auth role in this process. `tickets`: where its tickets are issued and redeemed, if not here. `lastLogins`: notes who logs in.
 */
export function startAuth(
  settings: AuthSettings,
  log: Log,
  {tickets, lastLogins}: {readonly tickets?: Tickets | undefined; readonly lastLogins?: LastLogins | undefined} = {},
): LocalAuthRole {
  const {oauth, stateDirectory, acceptsCertificates = false} = settings
  const {modules, crypt, warmUp, close} = accountModules(settings, log)
  const rehasher = settings.rehash && new Rehasher({...settings.rehash, crypt, random: randomBytes, log})
  const onAccepted: ModuleChainOptions['onAccepted'] = rehasher && ((...accepted) => rehasher.saw(...accepted))
  const role = createAuthRole({
    modules: withAppPasswords(modules, {stateDirectory, log, onAccepted}),
    defaults: {options: settings.defaultOptions, maildir: settings.defaultMaildir},
    complete: (user) => completeName(user, settings.defaultDomain),
    log,
    random: randomBytes,
    onAdmitted: lastLogins && ((login) => lastLogins.saw(login)),
    tickets: tickets ?? new TicketBook({now: () => performance.now(), random: randomBytes}),
    sasl: {
      hostName: hostname() || 'cram',
      decoys: new Decoys({directory: stateDirectory, log, random: randomBytes}),
      acceptsCertificates,
      tokens: oauth && createTokenVerifier(oauth, () => Date.now() / 1000),
    },
  })
  return {
    ...role,
    warmUp,
    async close() {
      await role.close()
      await close()
    },
  }
}
