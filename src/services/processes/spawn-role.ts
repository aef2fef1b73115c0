/** Starts the processes of the server (`design.md` §2). */
import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import type {SystemUser} from '../unprivileged-user.js'

export type RoleName = 'front' | 'auth' | 'mail'

export interface RoleSpawn {
  readonly role: RoleName
  /** What `ps` shows. */
  readonly title: string
  /** Who it runs as; undefined: root. */
  readonly user: Pick<SystemUser, 'uid' | 'gid'> | undefined
  /** The system user whose further groups it has. */
  readonly groupsOf?: string | undefined
  /** It and what it starts never gain rights (PR_SET_NO_NEW_PRIVS). */
  readonly noNewPrivileges: boolean
  /** Limit of the heap; undefined: Node's. */
  readonly heapMiB: number | undefined
}

/** What all of them run. */
export const ROLE_PROGRAM = fileURLToPath(new URL('./role-main.js', import.meta.url))
/** Of util-linux: sets the flag before Node starts, so that all its threads have it. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv']

/** The program that sets "no new privileges"; undefined: this system has none. */
export function setprivPath(): string | undefined {
  return SETPRIV.find((path) => existsSync(path))
}

/**
 * Nothing is inherited that could change what runs: no NODE_OPTIONS, and no UV_USE_IO_URING, with which a ring made before the ids
 * are changed keeps root's rights (CVE-2024-22017).
 */
function environment(): NodeJS.ProcessEnv {
  const {TZ, LANG, LC_ALL} = process.env
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(TZ === undefined ? {} : {TZ}),
    ...(LANG === undefined ? {} : {LANG}),
    ...(LC_ALL === undefined ? {} : {LC_ALL}),
  }
}

export function spawnRole({role, title, user, groupsOf, noNewPrivileges, heapMiB}: RoleSpawn): ChildProcess {
  // Who needs groups gets them, and gives root up, before it loads anything (`role-main.ts`).
  const switched = user && groupsOf === undefined ? {uid: user.uid, gid: user.gid} : {}
  const becomes = user && groupsOf !== undefined ? [String(user.uid), String(user.gid), groupsOf] : []
  const node = [
    process.execPath,
    ...(heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`]),
    ROLE_PROGRAM,
    role,
    title,
    ...becomes,
  ]
  const setpriv = noNewPrivileges ? setprivPath() : undefined
  const [command = '', ...args] = setpriv === undefined ? node : [setpriv, '--no-new-privs', ...node]
  return spawn(command, args, {
    ...switched,
    env: environment(),
    cwd: '/',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
  })
}
