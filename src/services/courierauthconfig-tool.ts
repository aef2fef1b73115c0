import {execFile} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {authDirectory} from '../config/config-directory.js'
import {Fault} from '../support/fault.js'
import {systemAccount} from './system-account.js'
import {octetsOf, type Tool} from './tool.js'

/** The courier-authlib whose behaviour this is. */
const VERSION = '0.73.1'
/** Owners of the mail system, the first that exists (`spec/auth.md` §2). */
const USERS = ['courier', 'daemon', 'adm', 'bin', 'root']
const GROUPS = ['courier', 'daemon', 'sys', 'adm', 'root']

/** `courierauthconfig`: where things are, for programs that are built against the library (`spec/auth.md` §26.4). `program`: path of a tool; the others are beside it. */
export function courierauthconfigTool(program: string): Tool {
  const sbin = dirname(resolve(program))
  return async (args, io) => {
    try {
      for (const arg of args) {
        if (arg === '--version') io.out(`${VERSION}\n`)
        else if (arg.startsWith('--version=')) io.out(isAtLeast(VERSION, arg.slice('--version='.length)) ? 'yes\n' : 'no\n')
        else if (arg === '--configfiles') io.out(octetsOf(await configFiles(authDirectory(undefined, io.env), sbin)))
        else if (arg === '--ldflags' || arg === '--cppflags') io.out('\n')
      }
      return 0
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      io.err(octetsOf(`${error.message}\n`))
      return 1
    }
  }
}

/** Compares numbers between dots, as far as both have them; what is no digit does not count. */
export function isAtLeast(version: string, wanted: string): boolean {
  const numbers = (text: string) => text.split('.').map((part) => Number(part.replace(/\D/g, '')))
  const others = numbers(wanted)
  for (const [index, number] of numbers(version).entries()) {
    const other = others[index]
    if (other === undefined) return true
    if (number !== other) return number > other
  }
  return true
}

async function configFiles(directory: string, sbin: string): Promise<string> {
  const user = await firstUser()
  const group = await firstGroup()
  return `userdb=${join(directory, 'userdb')}
authdaemonrc=${join(directory, 'authdaemonrc')}
authldaprc=${join(directory, 'authldaprc')}
authmysqlrc=${join(directory, 'authmysqlrc')}
authpgsqlrc=${join(directory, 'authpgsqlrc')}
mailuser=${user.name}
mailgroup=${group.name}
mailuid=${user.uid}
mailgid=${group.gid}
sbindir=${sbin}
`
}

async function firstUser(): Promise<{name: string; uid: string}> {
  for (const name of USERS) {
    const found = await systemAccount(name)
    if (found) return found
  }
  throw new Fault('no-such-account', 'There is no user for the mail system')
}

async function firstGroup(): Promise<{name: string; gid: string}> {
  const text = await promisify(execFile)('getent', ['group', ...GROUPS]).then(
    ({stdout}) => stdout,
    () => readFile('/etc/group', 'latin1').catch(() => ''),
  )
  const groups = new Map(text.split('\n').map((line) => [line.split(':')[0] ?? '', line.split(':')[2] ?? '']))
  for (const name of GROUPS) {
    const gid = groups.get(name)
    if (gid) return {name, gid}
  }
  throw new Fault('no-such-account', 'There is no group for the mail system')
}
