import {Secret} from '../../../log/secret.js'
import type {AccountAttributes, EnumeratedAccount} from '../module.js'
import type {SqlRow} from './sql-database.js'

/** Fewer columns mean that the query is not one for accounts. */
export const LEAST_COLUMNS = 6

/** An account as a row has it (`spec/auth.md` §19): login, crypt, clear, uid, gid, home, maildir, quota, name, options. Empty texts are absent. */
export function accountOf(row: SqlRow, user: string): AccountAttributes {
  const [login, crypt, clear, uid, gid, home, maildir, quota, fullName, options, scram] = row.map((text) => text || undefined)
  return {
    address: login ?? user,
    uid: idOf(uid),
    gid: idOf(gid),
    home: home ?? '',
    maildir,
    quota,
    fullName,
    options,
    passwordHash: secretOf(crypt),
    clearPassword: secretOf(clear),
    secrets: scram === undefined ? undefined : new Map([['scram-sha-256pw', new Secret(octetsOf(scram))]]),
  }
}

/** A row of an enumeration: login, uid, gid, home, maildir, options. Undefined for one without a name or a home. */
export function enumeratedOf(row: SqlRow): EnumeratedAccount | undefined {
  const [name, uid, gid, home, maildir, options] = row.map((text) => text || undefined)
  if (name === undefined || home === undefined) return undefined
  return {name, uid: idOf(uid), gid: idOf(gid), home, maildir, options}
}

/** A whole positive number of 32 bits, else 0, which is nobody's. */
function idOf(text: string | undefined): number {
  const id = /^\s*\d{1,10}\s*$/.test(text ?? '') ? Number(text) : 0
  return id < 2 ** 32 ? id : 0
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(octetsOf(text))
}

/** Passwords are compared as octets. */
function octetsOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
