import {join} from 'node:path'
import {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import {verifyPassword} from '../hash/password-verifier.js'
import {loadTryLock} from '../native.js'
import {changeSecrets} from '../userdb/change-password.js'
import {UserdbReader, type UserdbRecord, userdbRecords} from '../userdb/reader.js'
import {type Field, fieldValue, locationOf} from '../userdb/record.js'
import {RehashQueue} from '../userdb/rehash-queue.js'
import {renewSecrets} from '../userdb/renew-secrets.js'
import {UserdbMaker} from '../userdb/userdb-maker.js'
import type {AccountAttributes, ModuleResult, ModuleType} from './module.js'

/** The files are changed at most this often (`design.md` §5). */
const REHASH_PAUSE_MS = 60_000
const SCRAM_FIELD = 'scram-sha-256pw'
const REFUSED: ModuleResult = {outcome: 'refused'}

/** Accounts from the compiled userdb (`spec/auth.md` §16). Without a database there are no accounts. */
export const authuserdb: ModuleType = {
  name: 'authuserdb',
  create({directory, crypt, now, random, log}) {
    const source = join(directory, 'userdb')
    const reader = new UserdbReader({source, now})
    const maker = new UserdbMaker({source, random})
    const rehashes = new RehashQueue({source, tryLock: loadTryLock, maker, log, pauseMs: REHASH_PAUSE_MS})
    const find = (user: string) => reader.find(octetsOf(user))
    const accounts = new WeakMap<UserdbRecord, AccountAttributes>()
    const accountOf = (user: string, record: UserdbRecord) => {
      const account = accounts.get(record) ?? attributesOf(user, record.fields)
      if (account) accounts.set(record, account)
      return account
    }
    return {
      name: 'authuserdb',
      async check({service, user, password, remote}) {
        const record = await find(user)
        const account = record && accountOf(user, record)
        const stored = record && storedPassword(record.secrets, service)
        if (!account || stored === undefined) return REFUSED
        const verdict = verifyPassword(crypt, {stored, password, remote})
        if (!(typeof verdict === 'boolean' ? verdict : await verdict)) return REFUSED
        return {outcome: 'accepted', account: withPassword(account, new Secret(stored), password)}
      },
      async find(service, user) {
        const record = await find(user)
        const account = record && accountOf(user, record)
        if (!account) return REFUSED
        const stored = storedPassword(record.secrets, service)
        const passwordHash = stored === undefined ? undefined : new Secret(stored)
        return {outcome: 'accepted', account: {...account, passwordHash, secrets: furtherSecrets(record.secrets, service)}}
      },
      async changePassword({service, user, oldPassword, newPassword, remote}) {
        if (!canStandInCommand(user, service, [oldPassword, newPassword])) return REFUSED
        const record = await find(user)
        if (!record || !attributesOf(user, record.fields)) return REFUSED
        const renewal = {service: octetsOf(service), oldPassword, newPassword, remote}
        const renewals = await renewSecrets(record.secrets, renewal, {crypt, random})
        if (renewals.length === 0) return REFUSED
        await changeSecrets({name: octetsOf(user), fields: record.fields, renewals}, {source, tryLock: loadTryLock(), maker})
        return {outcome: 'changed'}
      },
      async rehash({service, user, from, to}) {
        const record = await find(user)
        const name = record && passwordField(record.secrets, service)
        if (!record || name === undefined || fieldValue(record.secrets, name) !== from.reveal()) return
        rehashes.add({record: octetsOf(user), location: locationOf(record.fields), name, from: from.reveal(), to: to.reveal()})
      },
      async wantsScram(service, user) {
        const record = await find(user)
        return record !== undefined && scramFieldFor(record.secrets, service) !== undefined
      },
      async storeScram({service, user, secret}) {
        const record = await find(user)
        const name = record && scramFieldFor(record.secrets, service)
        if (!record || name === undefined) return
        rehashes.add({record: octetsOf(user), location: locationOf(record.fields), name, from: undefined, to: secret.reveal()})
      },
      async *enumerate() {
        for await (const {name, fields} of userdbRecords(source)) {
          const account = attributesOf(Buffer.from(name, 'latin1').toString('utf8'), fields)
          if (account) yield {name: account.address, ...account}
        }
      },
      async health() {
        try {
          await reader.find('')
          return {usable: true}
        } catch (error) {
          if (error instanceof Fault) return {usable: false, reason: error.message}
          throw error
        }
      },
      async close() {
        await rehashes.close()
        await reader.close()
      },
    }
  },
}

/** What the original could hand to its `userdb` command (`spec/auth.md` §16). */
function canStandInCommand(user: string, service: string, passwords: readonly Secret[]): boolean {
  const refused = /[\0-\x1f|='"]/
  return !refused.test(user) && !user.includes('/') && !refused.test(service) && !passwords.some((each) => refused.test(each.reveal()))
}

/** Text (UTF-8 outside) as octets. */
function octetsOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** `imappw` for the service `imap`, else `systempw`: exactly one of them counts. */
function passwordField(secrets: readonly Field[], service: string): string | undefined {
  return [`${octetsOf(service)}pw`, 'systempw'].find((name) => fieldValue(secrets, name) !== undefined)
}

/** The field for a SCRAM secret of the password that the service uses; undefined when there is one that it would use. */
function scramFieldFor(secrets: readonly Field[], service: string): string | undefined {
  const own = `${octetsOf(service)}-${SCRAM_FIELD}`
  if (fieldValue(secrets, own) !== undefined) return undefined
  if (passwordField(secrets, service) !== 'systempw') return own
  return fieldValue(secrets, SCRAM_FIELD) === undefined ? SCRAM_FIELD : undefined
}

function storedPassword(secrets: readonly Field[], service: string): string | undefined {
  const name = passwordField(secrets, service)
  return name === undefined ? undefined : fieldValue(secrets, name)
}

/** Fields like `hmac-md5pw`; one of the service, `imap-hmac-md5pw`, stands before the common one (`spec/auth.md` §16). */
function furtherSecrets(secrets: readonly Field[], service: string): ReadonlyMap<string, Secret> {
  const start = `${octetsOf(service)}-`
  const found = new Map<string, Secret>()
  const add = (name: string, {value}: Field) => {
    if (name.includes('-') && value && !found.has(name)) found.set(name, new Secret(value))
  }
  for (const field of secrets) if (field.name.startsWith(start)) add(field.name.slice(start.length), field)
  for (const field of secrets) add(field.name, field)
  return found
}

/** Undefined when `home`, `uid` or `gid` is missing. An empty home counts as missing (`spec/auth.md` §3.1). */
function attributesOf(address: string, fields: readonly Field[]): AccountAttributes | undefined {
  const text = (name: string) => {
    const value = fieldValue(fields, name)
    return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8')
  }
  const [uid, gid, home] = [text('uid'), text('gid'), text('home')]
  if (uid === undefined || gid === undefined || !home) return undefined
  return {
    address,
    uid: readId(uid),
    gid: readId(gid),
    home,
    maildir: text('mail'),
    quota: text('quota'),
    fullName: text('gecos'),
    options: text('options'),
  }
}

/** Each in its place: an object made by spreading another one has a shape of its own, which costs more than all of this. */
function withPassword(
  {address, uid, gid, home, maildir, quota, fullName, options}: AccountAttributes,
  passwordHash: Secret,
  clearPassword: Secret,
): AccountAttributes {
  return {address, uid, gid, home, maildir, quota, fullName, options, passwordHash, clearPassword}
}

/** A number as C's atol reads it into 32 bits: leading digits, else 0 (which is refused as root's). */
function readId(text: string): number {
  const digits = /^\s*([+-]?\d{1,20})/.exec(text)?.[1]
  return digits === undefined ? 0 : Number(BigInt.asUintN(32, BigInt(digits.replace('+', ''))))
}
