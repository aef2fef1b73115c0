/** What a server with separate processes will need of the system, for those who start it. */
import {readFile} from 'node:fs/promises'
import type {ServerConfiguration} from '../server-configuration.js'

/** Measured: a mail process has about 11 MiB of its own, besides program code that all share. */
const PROCESS_MIB = 11
/** From how many system users on it is worth a line. */
const MANY_USERS = 20
/** Ids of people (login.defs(5), UID_MIN); `nobody` is none. */
const FIRST_UID = 1_000
const NOBODY = 65_534
/** For folders, the index, libraries. */
const OTHER_FILES = 200

const SYSTEM_SOURCES = ['authpam', 'authshadow', 'authpwd']

/** Uids of people in passwd(5). */
export function peopleIn(passwd: string): number {
  const uids = passwd.split('\n').map((line) => Number(line.split(':')[2] ?? Number.NaN))
  return new Set(uids.filter((uid) => uid >= FIRST_UID && uid !== NOBODY)).size
}

/** Memory for the mail processes of system users, if these are many; each is there only while its user has a session. */
export function memoryExpectation(modules: readonly string[], passwd: string): string | undefined {
  const people = modules.some((name) => SYSTEM_SOURCES.includes(name)) ? peopleIn(passwd) : 0
  if (people < MANY_USERS) return undefined
  const mib = people * PROCESS_MIB
  const size = mib < 1_024 ? `${mib} MiB` : `${(mib / 1_024).toFixed(1)} GiB`
  return `${people} system users: each has a mail process of about ${PROCESS_MIB} MiB while one of its sessions lives, ${size} in all when everybody is logged in`
}

/** Files that the front may need against those it can open; undefined: it suffices. */
export function fileExpectation(configuration: ServerConfiguration, limits: string): string | undefined {
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  const connections = configuration.services.reduce((sum, {network}) => sum + network.limits.total, 0)
  // A relayed session needs two.
  const needed = 2 * connections + OTHER_FILES
  if (needed <= limit) return undefined
  return `MAXDAEMONS allows ${connections} connections, for which up to ${needed} open files are needed; the limit is ${limit} (LimitNOFILE of the service, ulimit -n)`
}

/** Lines for the log at the start. */
export async function expectations(configuration: ServerConfiguration): Promise<string[]> {
  const read = (path: string) => readFile(path, 'latin1').catch(() => '')
  const modules = configuration.services.flatMap(({auth}) => auth.modules)
  const found = [memoryExpectation(modules, await read('/etc/passwd')), fileExpectation(configuration, await read('/proc/self/limits'))]
  return found.filter((line) => line !== undefined)
}
