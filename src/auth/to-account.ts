import {isAbsolute, resolve} from 'node:path'
import {Fault} from '../support/fault.js'
import type {Account} from './account.js'
import type {AccountAttributes} from './modules/module.js'
import {mergeOptions, parseOptions} from './options.js'

export interface AccountDefaults {
  /** DEFAULTOPTIONS. */
  readonly options: string
  /** Maildir of accounts that name none, relative to their homes. */
  readonly maildir: string
}

/** (uid_t) -1 means "leave it" to the system calls. */
const NO_ID = 0xffffffff

/**
 * The account as sessions see it.
 *
 * @throws {Fault} `bad-configuration` when no session may run as it: root's ids, a home that is not absolute (`spec/auth.md` §28)
 */
export function toAccount(found: AccountAttributes, defaults: AccountDefaults): Account {
  const {address, uid, gid, home, maildir, quota, fullName, systemUser, options} = found
  if (uid === 0 || gid === 0) throw new Fault('bad-configuration', `"${address}" has uid ${uid} and gid ${gid}: root gets no mail session`)
  if (uid === NO_ID || gid === NO_ID) throw new Fault('bad-configuration', `"${address}" has uid ${uid} and gid ${gid}: not an account's`)
  if (!isAbsolute(home)) throw new Fault('bad-configuration', `"${address}" has the home "${home}": it must begin with "/"`)
  if (`${home}${maildir ?? ''}`.includes('\0')) throw new Fault('bad-configuration', `"${address}" has a path with a NUL`)
  return {
    name: address,
    uid,
    gid,
    home,
    maildir: resolve(home, maildir || defaults.maildir),
    quota: quota || undefined,
    fullName: fullName?.split(',', 1)[0] || undefined,
    systemUser,
    options: parseOptions(mergeOptions(options ?? '', defaults.options)),
  }
}
