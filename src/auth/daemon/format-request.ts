/** Requests to an authdaemond (`spec/auth.md` §12). Undefined for what the protocol cannot carry: nobody has such a name. */

import type {PasswordCheck} from '../account.js'
import type {ChallengeCheck, PasswordChange} from '../modules/module.js'
import {DAEMON_LIMITS} from './limits.js'

/** `AUTH` with name and password. */
export function formatPasswordCheck({service, user, password, remote}: PasswordCheck): Buffer | undefined {
  return auth(service, 'login', {first: Buffer.from(user, 'utf8'), second: Buffer.from(password.reveal(), 'latin1'), remote})
}

/** `AUTH` with challenge and response. */
export function formatChallengeCheck({service, method, challenge, response, remote}: ChallengeCheck): Buffer | undefined {
  return auth(service, method, {first: Buffer.from(challenge, 'latin1'), second: Buffer.from(response, 'latin1'), remote})
}

/** `PRE`, of all modules. */
export function formatLookUp(service: string, user: string): Buffer | undefined {
  // What stands before the name is split at blanks.
  return user === '' || /[ \0-\x1f]/.test(service) || service === '' ? undefined : line(`PRE . ${service} ${user}`)
}

/** `PASSWD` */
export function formatPasswordChange({service, user, oldPassword, newPassword}: PasswordChange): Buffer | undefined {
  const [before, after] = [oldPassword, newPassword].map((each) => Buffer.from(each.reveal(), 'latin1'))
  const parts = [Buffer.from(service), Buffer.from(user), before, after].filter((part) => part !== undefined)
  if (user === '' || parts.some(holdsControls)) return undefined
  const request = Buffer.concat([
    Buffer.from('PASSWD '),
    ...parts.flatMap((part) => [part, Buffer.from('\t')]).slice(0, -1),
    Buffer.from('\n'),
  ])
  return request.length <= DAEMON_LIMITS.lineOctets + 1 ? request : undefined
}

export const ENUMERATE = Buffer.from('ENUMERATE\n')

interface AuthParts {
  readonly first: Buffer
  readonly second: Buffer
  readonly remote: string
}

function auth(service: string, type: string, {first, second, remote}: AuthParts): Buffer | undefined {
  const head = Buffer.from(service)
  if ([head, first, second].some(holdsControls)) return undefined
  const feed = Buffer.from('\n')
  const data = Buffer.concat([head, feed, Buffer.from(type), feed, first, feed, second, feed])
  if (data.length > DAEMON_LIMITS.dataOctets) return undefined
  return Buffer.concat([metadata(remote), Buffer.from(`AUTH ${data.length}\n`), data])
}

/** Daemons before 0.71 close the connection at it; what is no address is not told. */
function metadata(remote: string): Buffer {
  return Buffer.from(/^[\da-fA-F:.]{2,39}$/.test(remote) ? `TCPREMOTEIP=${remote}\n` : '')
}

function line(text: string): Buffer | undefined {
  const octets = Buffer.from(text)
  return octets.length <= DAEMON_LIMITS.lineOctets && !holdsControls(octets) ? Buffer.concat([octets, Buffer.from('\n')]) : undefined
}

function holdsControls(octets: Buffer): boolean {
  return octets.some((octet) => octet < 0x20)
}
