import {lstat, realpath} from 'node:fs/promises'
import {dirname, isAbsolute} from 'node:path'
import {pathToFileURL} from 'node:url'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import type {AuthModule, EnumeratedAccount, ModuleContext, ModuleType} from './module.js'

/** Name in authdaemonrc of the JavaScript module: an absolute path. */
const SETTING = 'AUTHCUSTOM_MODULE'
const GROUP_AND_OTHERS_WRITE = 0o022
const STICKY = 0o1000

/**
 * Accounts from the administrator's own JavaScript: `AUTHCUSTOM_MODULE=/etc/courier/authcustom.mjs` in authdaemonrc names a
 * module whose default export is a `ModuleType` (see `module.ts`). Courier's is a stub that refuses everybody.
 *
 * It runs with the rights that check passwords, so nobody but root, or the user who serves, may be able to change it.
 */
export const authcustom: ModuleType = {
  name: 'authcustom',
  create(context) {
    const path = context.environment[SETTING]
    return path ? customModule(path, context) : undefined
  },
}

function customModule(path: string, context: ModuleContext): AuthModule {
  let loading: Promise<AuthModule> | undefined
  let closed = false
  /** Again after a failure: the file may have been put right. */
  const load = () => {
    if (closed) throw new Fault('unavailable', 'authcustom is closed')
    loading ??= loadModule(path, context).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return {
    name: 'authcustom',
    check: async (request) => (await load()).check(request),
    async checkChallenge(request) {
      return (await (await load()).checkChallenge?.(request)) ?? {outcome: 'refused'}
    },
    find: async (service, user) => (await load()).find(service, user),
    async changePassword(request) {
      return (await (await load()).changePassword?.(request)) ?? {outcome: 'refused'}
    },
    async *enumerate(): AsyncGenerator<EnumeratedAccount> {
      yield* (await load()).enumerate?.() ?? []
    },
    async health() {
      try {
        return await (await load()).health()
      } catch (error) {
        return {usable: false, reason: error instanceof Error ? error.message : String(error)}
      }
    },
    async close() {
      closed = true
      const module = await loading?.catch(() => undefined)
      await module?.close()
    },
  }
}

/** @throws {Fault} `unavailable`: others may write it, it cannot be loaded, it is no account source */
async function loadModule(path: string, context: ModuleContext): Promise<AuthModule> {
  const type = await importDefault(await securePath(path), path)
  if (!isModuleType(type)) throw new Fault('unavailable', `"${path}" has no default export with "create"`)
  const module = type.create(context)
  if (!module) throw new Fault('unavailable', `"${path}" makes no account source`)
  return module
}

/** `file`: what `path` leads to. */
async function importDefault(file: string, path: string): Promise<unknown> {
  try {
    const {default: found} = (await import(pathToFileURL(file).href)) as {readonly default?: unknown}
    return found
  } catch (error) {
    throw new Fault('unavailable', `"${path}" cannot be loaded: ${systemText(error)}`, {cause: error})
  }
}

/**
 * The file that a path leads to. It and all folders above it and above the path belong to root or to the user who serves, and nobody
 * else may write to them. A link on the way that is changed afterwards leads nobody elsewhere: load what this has returned.
 *
 * @throws {Fault} `unavailable`
 */
export async function securePath(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new Fault('unavailable', `${SETTING} is "${path}": it must begin with "/"`)
  const owners = new Set([0, process.geteuid?.() ?? 0])
  try {
    const file = await realpath(path)
    for (const start of new Set([path, file])) {
      for (let at = start; ; at = dirname(at)) {
        const {mode, uid} = await lstat(at)
        const isLink = (mode & 0o170000) === 0o120000
        // In a sticky folder others cannot replace what is not theirs, but the folder of the file must not be one.
        const isOpen = !isLink && (mode & GROUP_AND_OTHERS_WRITE) !== 0 && !((mode & STICKY) !== 0 && at !== dirname(start))
        if (!owners.has(uid) || isOpen)
          throw new Fault('unavailable', `"${at}" can be changed by others than root: authcustom does not load "${path}"`)
        if (at === dirname(at)) break
      }
    }
    return file
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('unavailable', `"${path}" cannot be loaded: ${systemText(error)}`, {cause: error})
  }
}

function isModuleType(value: unknown): value is ModuleType {
  return typeof value === 'object' && value !== null && 'create' in value && typeof value.create === 'function'
}
