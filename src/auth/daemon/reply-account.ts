import {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import type {AccountAttributes, EnumeratedAccount} from '../modules/module.js'
import type {ReplyAttributes} from './parse-reply.js'

/** The uid of a system user, undefined when there is none. */
export type FindSystemUid = (name: string) => Promise<number | undefined>

/**
 * The account that a daemon told of.
 *
 * @throws {Fault} `unavailable` when it tells no account: ids are missing or no numbers, the system user is not known here
 */
export async function replyAccount(attributes: ReplyAttributes, findSystemUid: FindSystemUid): Promise<AccountAttributes> {
  const text = (name: string) => textOf(attributes.get(name))
  const systemUser = text('USERNAME') || undefined
  const uid = systemUser === undefined ? readId(attributes.get('UID')) : await findSystemUid(systemUser)
  const gid = readId(attributes.get('GID'))
  const address = text('ADDRESS')
  if (uid === undefined || gid === undefined || !address)
    throw new Fault('unavailable', 'The authdaemond answers with an account without ids or name')
  const secret = (name: string) => (attributes.get(name) ? new Secret(attributes.get(name) ?? '') : undefined)
  return {
    address,
    ...(systemUser === undefined ? {} : {systemUser}),
    uid,
    gid,
    home: text('HOME') ?? '',
    maildir: text('MAILDIR'),
    quota: text('QUOTA'),
    fullName: text('NAME'),
    options: text('OPTIONS'),
    passwordHash: secret('PASSWD'),
    clearPassword: secret('PASSWD2'),
  }
}

/** The account of a line of ENUMERATE; undefined when it is none that a session could have. */
export function enumeratedAccount(parts: readonly string[]): EnumeratedAccount | undefined {
  const [name = '', uid, gid, home = '', maildir, options] = parts
  const ids = {uid: readId(uid), gid: readId(gid)}
  if (name === '' || !ids.uid || !ids.gid || home === '') return undefined
  return {
    name: textOf(name) ?? '',
    uid: ids.uid,
    gid: ids.gid,
    home: textOf(home) ?? '',
    maildir: textOf(maildir) || undefined,
    options: textOf(options) || undefined,
  }
}

function readId(digits: string | undefined): number | undefined {
  return digits !== undefined && /^\d{1,10}$/.test(digits) && Number(digits) <= 0xffffffff ? Number(digits) : undefined
}

function textOf(octets: string | undefined): string | undefined {
  return octets === undefined ? undefined : Buffer.from(octets, 'latin1').toString('utf8')
}
