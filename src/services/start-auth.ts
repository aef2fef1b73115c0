import {randomBytes} from 'node:crypto'
import {availableParallelism, hostname} from 'node:os'
import {performance} from 'node:perf_hooks'
import {appPasswords} from '../auth/app-passwords/module.js'
import {AppPasswordStore} from '../auth/app-passwords/store.js'
import {type AuthRole, createAuthRole} from '../auth/auth-role.js'
import {completeName, type DefaultDomain} from '../auth/complete-name.js'
import {CryptPool} from '../auth/hash/crypt-pool.js'
import {RecentChecks} from '../auth/hash/recent-checks.js'
import {Rehasher, type RehashPolicy} from '../auth/hash/rehasher.js'
import type {LastLogins} from '../auth/last-logins.js'
import {ModuleChain, type ModuleChainOptions} from '../auth/module-chain.js'
import type {AuthModule} from '../auth/modules/module.js'
import {moduleTypes} from '../auth/modules/registry.js'
import {loadTryLock} from '../auth/native.js'
import {createTokenVerifier, type OAuthSettings} from '../auth/oauth/create-verifier.js'
import {SaltKey} from '../auth/scram/salt-key.js'
import {TicketBook, type Tickets} from '../auth/tickets.js'
import type {Log} from '../log/log.js'

export interface AuthSettings {
  /** Directory with `userdb` and the modules' files. */
  readonly directory: string
  /** `authmodulelist`: names in the order in which they are asked. */
  readonly modules: readonly string[]
  /** DEFAULTOPTIONS. */
  readonly defaultOptions: string
  /** Maildir of accounts that name none, normally `./Maildir`. */
  readonly defaultMaildir: string
  readonly defaultDomain: DefaultDomain
  /** `daemons`: 5 when it is not said. */
  readonly daemons?: number
  /** What authdaemonrc sets for libraries and programs (`LDAPTLS_CACERT`, …). */
  readonly environment?: Readonly<Record<string, string>>
  /** TLS_EXTERNAL is set: client certificates log in. */
  readonly acceptsCertificates?: boolean
  /** Tokens are accepted instead of passwords. */
  readonly oauth?: OAuthSettings | undefined
  /** Directory for what has to last; without it, the salts that SCRAM shows for unknown names change at each start. */
  readonly stateDirectory?: string
  /** What logins bring up to date; without it, nothing. */
  readonly rehash?: RehashPolicy
  /** The socket of the authdaemond that the module `authdaemon` asks. */
  readonly daemonSocket?: string | undefined
}

const DAEMONS = 5

const HASH_LIMIT_MS = 30_000
/** Right passwords that cost no hash for a while: mail programs open several connections at once. */
const RECENT = {limit: 10_000, lifeMs: 60_000}
/** More would starve the sessions: hashing is all they do. */
const MAX_THREADS = 4

/** The auth role in this process. */
export interface LocalAuthRole extends AuthRole {
  /**
   * Starts all threads for password hashes and all processes for system accounts now. For a process that is about to become a
   * user who may not read the program's files nor other users' passwords: what starts later could not.
   */
  warmUp(): Promise<void>
}

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
 * The auth role in this process. Unknown modules are reported and left out, as in the original. `tickets`: where its tickets are
 * issued and redeemed, if not here. `lastLogins`: notes who logs in.
 */
export function startAuth(
  settings: AuthSettings,
  log: Log,
  {tickets, lastLogins}: {readonly tickets?: Tickets | undefined; readonly lastLogins?: LastLogins | undefined} = {},
): LocalAuthRole {
  const now = () => performance.now()
  const threads = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1))
  const crypt = new CryptPool({threads, limitMs: HASH_LIMIT_MS, recent: new RecentChecks({...RECENT, now})})
  const {directory, daemons = DAEMONS, environment = {}, daemonSocket, oauth, stateDirectory, acceptsCertificates = false} = settings
  const modules = settings.modules.flatMap((name) => {
    const type = moduleTypes.find((candidate) => candidate.name === name)
    const made = type?.create({directory, crypt, log, now, daemons, environment, random: randomBytes, daemonSocket})
    if (made) return [made]
    if (type) log.notice('auth.no-module', {reason: `Module "${name}" is not set up in ${directory}: it is left out`})
    else log.error('auth.no-module', {reason: `There is no module "${name}"`})
    return []
  })
  const rehasher = settings.rehash && new Rehasher({...settings.rehash, crypt, random: randomBytes, log})
  const onAccepted: ModuleChainOptions['onAccepted'] = rehasher && ((...accepted) => rehasher.saw(...accepted))
  const role = createAuthRole({
    modules: withAppPasswords(modules, {stateDirectory, log, onAccepted}),
    defaults: {options: settings.defaultOptions, maildir: settings.defaultMaildir},
    complete: (user) => completeName(user, settings.defaultDomain),
    log,
    random: randomBytes,
    onAdmitted: lastLogins && ((login) => lastLogins.saw(login)),
    tickets: tickets ?? new TicketBook({now, random: randomBytes}),
    sasl: {
      hostName: hostname() || 'cram',
      saltKey: new SaltKey({directory: stateDirectory, log, random: randomBytes}).get,
      acceptsCertificates,
      tokens: oauth && createTokenVerifier(oauth, () => Date.now() / 1000),
    },
  })
  return {
    ...role,
    async warmUp() {
      const jobs = Array.from({length: threads}, (_, index) => crypt.hash({password: '', setting: '$1$warm$', remote: String(index)}))
      await Promise.allSettled([...jobs, ...modules.map((module) => module.warmUp?.())])
    },
    async close() {
      await role.close()
      await crypt.close()
    },
  }
}
