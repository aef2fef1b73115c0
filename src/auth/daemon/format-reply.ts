/** Replies of the authdaemon protocol (`spec/auth.md` §12.6). Octets are characters. */
import {Fault} from '../../support/fault.js'
import type {AccountAttributes, EnumeratedAccount} from '../modules/module.js'
import {mergeOptions} from '../options.js'
import {DAEMON_LIMITS} from './limits.js'

export const FAIL = 'FAIL\n'
export const OK = 'OK\n'
/** Temporary failure, and whatever is no request: the connection is closed. */
export const NOTHING = ''
export const END = '.\n'

/**
 * The attributes of an account, in the order of the original. What the source has not got is left out, what it has empty is sent
 * empty; only OPTIONS are left out then.
 *
 * @throws {Fault} `bad-configuration` when they cannot be told: line feeds would make other attributes of one, and clients read
 * 8 KiB only
 */
export function formatAccount(account: AccountAttributes, defaultOptions: string): string {
  const {systemUser, uid, gid, home, address, fullName, maildir, quota, passwordHash, clearPassword, options} = account
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['USERNAME', octets(systemUser)],
    ['UID', systemUser === undefined ? String(uid) : undefined],
    ['GID', String(gid)],
    ['HOME', octets(home)],
    ['ADDRESS', octets(address)],
    ['NAME', octets(fullName)?.split(',', 1)[0]],
    ['MAILDIR', octets(maildir)],
    ['QUOTA', octets(quota)],
    ['PASSWD', passwordHash?.reveal()],
    ['PASSWD2', clearPassword?.reveal()],
    ['OPTIONS', octets(mergeOptions(options ?? '', defaultOptions)) || undefined],
  ]
  let reply = ''
  for (const [name, value] of lines) {
    if (value === undefined) continue
    if (/[\0\n]/.test(value)) throw new Fault('bad-configuration', `The ${name} of "${address}" holds a line feed or NUL`)
    reply += `${name}=${value}\n`
  }
  if (reply.length + END.length > DAEMON_LIMITS.replyOctets) {
    throw new Fault('bad-configuration', `The attributes of "${address}" have ${reply.length} octets: clients do not read that many`)
  }
  return reply + END
}

/** The line that begins the accounts of a module. */
export function formatModule(name: string): string {
  return `# ${name}\n\n`
}

/** A line of ENUMERATE; undefined when the account cannot be told in one. */
export function formatEnumerated({name, uid, gid, home, maildir, options}: EnumeratedAccount, defaultOptions: string): string | undefined {
  const parts = [name, String(uid), String(gid), home, maildir ?? '', mergeOptions(options ?? '', defaultOptions)].map((part) =>
    octets(part),
  )
  return parts.some((part) => /[\0\t\n]/.test(part)) ? undefined : `${parts.join('\t')}\n`
}

function octets(text: string): string
function octets(text: string | undefined): string | undefined
function octets(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1')
}
