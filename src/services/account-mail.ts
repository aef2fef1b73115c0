/** The mail of accounts, as far as this process may serve it: of those that have its uid and gid. */
import type {Account} from '../auth/account.js'
import type {Log} from '../log/log.js'
import type {FileFacts, MaildirFiles} from '../maildir/files.js'
import type {Mailstores} from '../maildir/mailstores.js'
import type {Mailstore} from '../maildir/types.js'
import {errnoOf, Fault} from '../support/fault.js'
import type {ConnectionEnd} from '../wire/hand-over.js'

/**
 * Opens the mail of an account; the session gives it back with `release`.
 *
 * @throws {Fault} when this process may not or cannot serve it
 */
export type OpenAccountMail = (account: Account, client: ConnectionEnd) => Promise<Mailstore>

export interface AccountMailOptions {
  readonly stores: Mailstores
  readonly files: MaildirFiles
  readonly log: Log
  /** What this process runs as. */
  readonly uid: number
  readonly gid: number
  /** Owner and group of the Maildir must be those of the account (`spec/imap.md` §1.2, step 9). */
  readonly checkOwner: boolean
}

const STICKY = 0o1000

/** A directory, links followed. @throws {Fault} `unavailable` */
function found(path: string, files: MaildirFiles): FileFacts {
  try {
    const facts = files.stat(`${Buffer.from(path, 'utf8').toString('latin1')}/.`)
    if (facts) return facts
  } catch (error) {
    const reason = errnoOf(error) === 'EACCES' ? 'Permission denied' : 'Input/output error'
    throw new Fault('unavailable', `${path}: ${reason}`, {cause: error})
  }
  throw new Fault('unavailable', `${path}: No such file or directory`)
}

export function accountMail({stores, files, log, uid, gid, checkOwner}: AccountMailOptions): OpenAccountMail {
  /** Refuses what this process may not serve (`spec/imap.md` §1.2, steps 5 to 9). */
  function check(account: Account, {ip, port}: ConnectionEnd): void {
    if (account.uid !== uid || account.gid !== gid) {
      const reason = `The account has uid ${account.uid} and gid ${account.gid}, this process serves uid ${uid} and gid ${gid} only`
      log.error('mail.other-user', {user: account.name, reason})
      throw new Fault('unavailable', 'This server does not run as the owner of the account')
    }
    const home = found(account.home, files)
    if ((home.mode & STICKY) !== 0) {
      log.info('imap.locked', {user: account.name, ip, port})
      throw new Fault('unavailable', 'Your account is temporarily unavailable (+t bit set on home directory).')
    }
    const maildir = found(account.maildir, files)
    if (checkOwner && (maildir.uid !== uid || maildir.gid !== gid)) {
      throw new Fault('unavailable', "Account's mailbox directory is not owned by the correct uid or gid: ")
    }
  }

  const reach = (path: string) => files.reach(Buffer.from(path, 'utf8').toString('latin1'), ['.'])

  return async (account, client) => {
    for (const path of [account.home, account.maildir]) {
      const waiting = reach(path)
      if (waiting !== undefined) await waiting
    }
    check(account, client)
    return stores.open(account)
  }
}
