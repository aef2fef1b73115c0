/** Whether auth has to run as root (`design.md` §2): only while a configured account source needs it. */
import {execFile} from 'node:child_process'
import {access} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {userdbPaths} from '../../auth/userdb/paths.js'
import type {ServerConfiguration} from '../server-configuration.js'
import type {SystemUser} from '../unprivileged-user.js'

/** They read what only root may: shadow passwords, or run what expects to be root, as under Courier. */
const NEED_ROOT = ['authpam', 'authshadow', 'authpipe']

/** The file of a source besides `authdaemonrc`. */
const FILES: Readonly<Record<string, string>> = {
  authldap: 'authldaprc',
  authmysql: 'authmysqlrc',
  authpgsql: 'authpgsqlrc',
  authsqlite: 'authsqliterc',
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** What auth opens, of what exists: test(1)'s letter for each path. */
async function needs({services, publicSocket}: ServerConfiguration): Promise<(readonly [letter: 'r' | 'w', path: string])[]> {
  const wanted = new Map<string, 'r' | 'w'>()
  for (const {auth} of services) {
    const {directory, modules, stateDirectory} = auth
    const {open, shadow} = userdbPaths(join(directory, 'userdb'))
    if (modules.some((name) => name === 'authuserdb' || name === 'authcram')) for (const path of [open, shadow]) wanted.set(path, 'r')
    for (const name of modules) if (FILES[name] !== undefined) wanted.set(join(directory, FILES[name]), 'r')
    if (stateDirectory !== undefined) wanted.set(join(stateDirectory, 'apppw.lmdb'), 'w')
  }
  if (publicSocket.listen) wanted.set(publicSocket.directory, 'w')
  const found: (readonly ['r' | 'w', string])[] = []
  for (const [path, letter] of wanted) if (await exists(path)) found.push([letter, path])
  // A directory that is not there has to be made.
  if (publicSocket.listen && !(await exists(publicSocket.directory))) found.push(['w', dirname(publicSocket.directory)])
  return found
}

/** Whether the user may, asked as him: modes alone do not tell. */
function may([letter, path]: readonly [string, string], {uid, gid}: SystemUser): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('/usr/bin/test', [`-${letter}`, path], {uid, gid, env: {}, cwd: '/'}, (error) => resolve(!error))
  })
}

/** Why auth runs as root; undefined: it runs as the user. */
export async function whyAuthIsRoot(configuration: ServerConfiguration, user: SystemUser): Promise<string | undefined> {
  const names = configuration.services.flatMap(({auth}) => auth.modules)
  const needy = NEED_ROOT.find((name) => names.includes(name))
  if (needy !== undefined) return `${needy} needs it`
  for (const need of await needs(configuration)) {
    if (!(await may(need, user))) return `${user.name} may not ${need[0] === 'r' ? 'read' : 'write to'} ${need[1]}`
  }
  return undefined
}
