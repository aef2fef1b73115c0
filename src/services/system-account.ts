import {execFile} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'

/** A user of the system. */
export interface SystemAccount {
  readonly name: string
  readonly uid: string
  readonly gid: string
  readonly home: string
}

/** The system's user of that name, from all its sources (getent) or from `/etc/passwd`; undefined when there is none. */
export async function systemAccount(name: string): Promise<SystemAccount | undefined> {
  const text = await promisify(execFile)('getent', ['--', 'passwd', name]).then(
    ({stdout}) => stdout,
    () => readFile('/etc/passwd', 'latin1').catch(() => ''),
  )
  for (const line of text.split('\n')) {
    const [found, , uid = '', gid = '', , home = ''] = line.split(':')
    if (found === name) return {name, uid, gid, home}
  }
  return undefined
}

/** The id of the system's group of that name, or with that number; undefined when there is none. */
export async function systemGroup(name: string): Promise<number | undefined> {
  const text = await promisify(execFile)('getent', ['--', 'group', name]).then(
    ({stdout}) => stdout,
    () => '',
  )
  const gid = text.split(':')[2]
  return gid ? Number(gid) : undefined
}
