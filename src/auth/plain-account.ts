/** An account as plain data, to be sent from one process to another. */
import {isAbsolute} from 'node:path'
import {BadSyntax} from '../support/fault.js'
import {PlainRecord} from '../support/plain-record.js'
import type {Account} from './account.js'

export interface PlainAccount extends Omit<Account, 'options'> {
  readonly options: readonly (readonly [string, string])[]
}

const MAX_TEXT = 16_384
const MAX_OPTIONS = 1_000
/** The last one means "leave it" to the system calls. */
const IDS = {min: 1, max: 0xfffffffe}

export function plainAccount({options, ...account}: Account): PlainAccount {
  return {...account, options: [...options]}
}

/** @throws {BadSyntax} also for root's ids and relative paths: no session may run as that account */
export function readPlainAccount(value: unknown): Account {
  const plain = new PlainRecord(value)
  const optional = (name: string) => (plain.has(name) ? plain.text(name, MAX_TEXT) : undefined)
  const [home, maildir] = [plain.text('home', MAX_TEXT), plain.text('maildir', MAX_TEXT)]
  if (![home, maildir].every((path) => isAbsolute(path) && !path.includes('\0')))
    throw new BadSyntax('Home and Maildir must begin with "/"')
  return {
    name: plain.text('name', MAX_TEXT),
    uid: plain.integer('uid', IDS),
    gid: plain.integer('gid', IDS),
    home,
    maildir,
    quota: optional('quota'),
    fullName: optional('fullName'),
    systemUser: optional('systemUser'),
    options: new Map(plain.pairs('options', {maxPairs: MAX_OPTIONS, maxText: MAX_TEXT})),
  }
}
