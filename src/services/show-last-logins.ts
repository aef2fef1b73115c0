import {homedir} from 'node:os'
import {type LastLogin, readLastLogins} from '../auth/last-logins.js'
import {defaultPlaces} from '../config/places.js'
import {tableText} from './table.js'
import {isRoot} from './unprivileged-user.js'

/** Last logins of an account or of all, the longest ago first. `state`: the state directory, undefined for the default one. @throws {Fault} */
export async function lastLogins(user: string | undefined, state: string | undefined): Promise<readonly LastLogin[]> {
  const directory = state ?? defaultPlaces({root: isRoot(), home: homedir(), env: process.env}).state
  return [...(await readLastLogins(directory, user))].sort((a, b) => a.time - b.time)
}

/** The list for people. */
export function lastLoginsText(logins: readonly LastLogin[]): string {
  if (logins.length === 0) return 'No login is known.\n'
  const rows = logins.map(({user, service, time, remote}) => [
    user,
    service,
    `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`,
    remote.replace(/^::ffff:(?=\d+\.)/i, ''),
  ])
  return tableText(['USER', 'SERVICE', 'LAST LOGIN', 'ADDRESS'], rows)
}
