/** Who the server runs as when it was started as root: a process that serves mail is never root (`design.md` §2). */
import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {Fault} from '../support/fault.js'

export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const NAME = /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,63}\$?$/

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** The user of that name or number as the system's databases know it. @throws {Fault} `bad-configuration` */
export async function findUser(name: string): Promise<SystemUser> {
  if (!NAME.test(name)) throw new Fault('bad-configuration', `"${name}" is no user name`)
  const ask = async (what: string) => Number((await promisify(execFile)('id', [what, '--', name])).stdout.trim())
  let user: SystemUser
  try {
    user = {name, uid: await ask('-u'), gid: await ask('-g')}
  } catch (error) {
    throw new Fault('bad-configuration', `There is no user "${name}"`, {cause: error})
  }
  if (user.uid === 0 || user.gid === 0) throw new Fault('bad-configuration', `The server must not run as "${name}": its uid or gid is 0`)
  return user
}

/** Becomes the user, for good and with no other groups. Everything that needs root has to be done before. */
export function becomeUser({name, uid, gid}: SystemUser): void {
  const {setgroups, setgid, setuid, getuid, geteuid, getgid, getegid, getgroups} = process
  if (!setgroups || !setgid || !setuid) throw new Fault('unavailable', 'This system has no user ids')
  setgroups([gid])
  setgid(gid)
  setuid(uid)
  const done =
    [getuid?.(), geteuid?.()].every((id) => id === uid) && [getgid?.(), getegid?.(), ...(getgroups?.() ?? [])].every((id) => id === gid)
  if (!done) throw new Fault('unavailable', `Cannot become "${name}"`)
}
