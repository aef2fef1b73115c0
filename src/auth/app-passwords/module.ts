import type {Log} from '../../log/log.js'
import type {AuthModule, ModuleResult} from '../modules/module.js'
import {canonicalAppPassword, matchingAppPassword} from './app-password.js'
import {type AppPasswordStore, type LastUse, useKey} from './store.js'

/** Last uses are written at most this often. */
const WRITE_MS = 60_000
/** Uses that wait to be written; more are forgotten. */
const MAX_WAITING = 10_000

const REFUSED: ModuleResult = {outcome: 'refused'}

export interface AppPasswordOptions {
  readonly store: AppPasswordStore
  /** Looks the account up in the sources that have accounts. */
  readonly find: (service: string, user: string) => Promise<ModuleResult>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/**
 * Checks app passwords, before the account sources are asked for the password of the account: one of these lets in to the
 * account of that name in any of them. It has no accounts of its own. Passwords that cannot be one of these cost nothing.
 */
export function appPasswords({store, find, log, clock}: AppPasswordOptions): AuthModule {
  let waiting = new Map<string, LastUse>()
  let timer: NodeJS.Timeout | undefined

  async function write(): Promise<void> {
    timer = undefined
    const uses = waiting
    waiting = new Map()
    if (uses.size === 0) return
    await store.recordUses(uses).catch((error: Error) => log.warning('auth.app-password-uses', {reason: error.message}))
  }

  function remember(key: string, use: LastUse): void {
    if (waiting.size < MAX_WAITING) waiting.set(key, use)
    timer ??= setTimeout(() => void write(), WRITE_MS).unref()
  }

  return {
    name: 'apppw',
    async check({service, user, password, remote}) {
      const canonical = canonicalAppPassword(password.reveal())
      if (canonical === undefined) return REFUSED
      const found = matchingAppPassword(await store.of(user), {canonical, service, now: clock()})
      if (!found) return REFUSED
      const result = await find(service, user)
      if (result.outcome !== 'accepted') return result
      remember(useKey(user, found.hash), {time: clock(), service, remote})
      return {outcome: 'accepted', account: {...result.account, passwordHash: undefined, clearPassword: password}}
    },
    find: async () => REFUSED,
    health: async () => ({usable: true}),
    async close() {
      clearTimeout(timer)
      await write()
      await store.close()
    },
  }
}
