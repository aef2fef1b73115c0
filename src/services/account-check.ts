import {constants} from 'node:fs'
import {access, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {userdbPaths} from '../auth/userdb/paths.js'
import {userdbSources} from '../auth/userdb/source.js'
import {errnoOf} from '../support/fault.js'
import {isAnswered} from '../support/unix-socket.js'
import type {AuthSettings} from './start-auth.js'

/** Why logins would fail although the server runs, and what to do about it: for the log at the start. */
export async function accountProblems(settings: AuthSettings): Promise<string[]> {
  return [...(await sourceProblems(settings)), ...(await appPasswordProblems(settings))]
}

async function appPasswordProblems({stateDirectory}: AuthSettings): Promise<string[]> {
  if (stateDirectory === undefined) return []
  const path = join(stateDirectory, 'apppw.lmdb')
  const code = await access(path, constants.R_OK).then(
    () => undefined,
    (error: unknown) => errnoOf(error),
  )
  if (code !== 'EACCES' && code !== 'EPERM') return []
  return [
    `${path} cannot be read, logins with app passwords will fail: give ${stateDirectory} and what is in it to the user that serves (chown -R)`,
  ]
}

async function sourceProblems({directory, modules, daemonSocket}: AuthSettings): Promise<string[]> {
  if (modules.length === 0) return ['authmodulelist is empty: there are no accounts']
  if (modules.includes('authdaemon') && daemonSocket !== undefined && !(await isAnswered(daemonSocket))) {
    return [`No authdaemond answers at ${daemonSocket}: logins wait for it`]
  }
  if (!modules.includes('authuserdb')) return []
  const source = join(directory, 'userdb')
  const {open, shadow, originalOpen} = userdbPaths(source)
  const problems: string[] = []
  for (const path of [open, shadow]) {
    try {
      await access(path, constants.R_OK)
    } catch (error) {
      // Others may have the accounts: shipped lists name modules that are not used.
      if (errnoOf(error) === 'ENOENT' && modules.length > 1) return []
      if (errnoOf(error) === 'ENOENT') return [`${path} does not exist: run "courier makeuserdb" to compile the accounts`]
      problems.push(`${path} cannot be read, logins will fail: give it to the user that serves (chown), makeuserdb keeps its owner`)
    }
  }
  const [ours, original] = await Promise.all([open, originalOpen].map((path) => stat(path).catch(() => undefined)))
  if (ours && original && original.mtimeMs > ours.mtimeMs) {
    problems.push(`${originalOpen} is newer than ${open}: real Courier has other accounts than we, run "courier makeuserdb"`)
  }
  const changed = await lastChange(source)
  if (ours && changed !== undefined && changed > ours.mtimeMs)
    problems.push(`${source} has changed since it was compiled: changes count after "courier makeuserdb"`)
  return problems
}

/** When userdb text was changed last, milliseconds since 1970; undefined when that cannot be seen. */
async function lastChange(source: string): Promise<number | undefined> {
  try {
    const files = await Promise.all((await userdbSources(source)).map(({path}) => stat(path)))
    return Math.max(...files.map(({mtimeMs}) => mtimeMs))
  } catch {
    return undefined
  }
}
