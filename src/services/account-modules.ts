import {randomBytes} from 'node:crypto'
import {availableParallelism} from 'node:os'
import {performance} from 'node:perf_hooks'
import {CryptPool} from '../auth/hash/crypt-pool.js'
import {CryptHere, type PasswordCrypt} from '../auth/hash/password-crypt.js'
import {RecentChecks} from '../auth/hash/recent-checks.js'
import {ModuleChain} from '../auth/module-chain.js'
import type {AuthModule} from '../auth/modules/module.js'
import {moduleTypes} from '../auth/modules/registry.js'
import type {Log} from '../log/log.js'

export interface AccountModulesSettings {
  /** Directory with `userdb` and the modules' files. */
  readonly directory: string
  /** `authmodulelist`: names in the order in which they are asked. */
  readonly modules: readonly string[]
  /** `daemons`: 5 when it is not said. */
  readonly daemons?: number
  /** What authdaemonrc sets for libraries and programs (`LDAPTLS_CACERT`, …). */
  readonly environment?: Readonly<Record<string, string>>
  /** The socket of the authdaemond that the module `authdaemon` asks. */
  readonly daemonSocket?: string | undefined
}

const DAEMONS = 5

const HASH_LIMIT_MS = 30_000
/** Right passwords that cost no hash for a while: mail programs open several connections at once. */
const RECENT = {limit: 10_000, lifeMs: 60_000}
/** More would starve the sessions: hashing is all they do. */
const MAX_THREADS = 4

/** The account sources of a configuration, and the threads in which they check passwords. */
export interface AccountModules {
  readonly modules: readonly AuthModule[]
  readonly crypt: PasswordCrypt
  /**
   * Starts all threads for password hashes and all processes for system accounts now. For a process that is about to become a
   * user who may not read the program's files nor other users' passwords: what starts later could not.
   */
  warmUp(): Promise<void>
  /** Ends the threads: the last thing, after the modules are closed. */
  close(): Promise<void>
}

const now = () => performance.now()
/** Not loaded before it is used: tools that look accounts up run for a moment. */
const random = (octets: number) => randomBytes(octets)

/** Connects to nothing yet. Unknown modules are reported and left out, as in the original. */
function modulesOf(settings: AccountModulesSettings, crypt: PasswordCrypt, log: Log): AuthModule[] {
  const {directory, daemons = DAEMONS, environment = {}, daemonSocket} = settings
  return settings.modules.flatMap((name) => {
    const type = moduleTypes.find((candidate) => candidate.name === name)
    const made = type?.create({directory, crypt, log, now, daemons, environment, random, daemonSocket})
    if (made) return [made]
    if (type) log.notice('auth.no-module', {reason: `Module "${name}" is not set up in ${directory}: it is left out`})
    else log.error('auth.no-module', {reason: `There is no module "${name}"`})
    return []
  })
}

export function accountModules(settings: AccountModulesSettings, log: Log): AccountModules {
  const threads = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1))
  const crypt = new CryptPool({threads, limitMs: HASH_LIMIT_MS, recent: new RecentChecks({...RECENT, now, random})})
  const modules = modulesOf(settings, crypt, log)
  return {
    modules,
    crypt,
    async warmUp() {
      const jobs = Array.from({length: threads}, (_, index) => crypt.hash({password: '', setting: '$1$warm$', remote: String(index)}))
      await Promise.allSettled([...jobs, ...modules.map((module) => module.warmUp?.())])
    },
    close: () => crypt.close(),
  }
}

/** The account sources as one, for those who look accounts up and check passwords, and let nobody in. */
export interface AccountChain {
  readonly modules: ModuleChain
  close(): Promise<void>
}

/** As `accountModules`, without what a server needs besides: threads, mechanisms, tickets, app passwords. */
export function accountChain(settings: AccountModulesSettings, log: Log): AccountChain {
  const modules = new ModuleChain({modules: modulesOf(settings, new CryptHere(), log), log})
  return {modules, close: () => modules.close()}
}
