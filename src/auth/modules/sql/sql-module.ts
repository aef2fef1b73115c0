import {isUtf8} from 'node:buffer'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Secret} from '../../../log/secret.js'
import {Fault} from '../../../support/fault.js'
import {sameText} from '../../hash/digest-schemes.js'
import {verifyPassword} from '../../hash/password-verifier.js'
import {renewHash} from '../../hash/renew-hash.js'
import {renewScram} from '../../scram/renew.js'
import type {AccountAttributes, AuthModule, ModuleContext, ModuleResult, ModuleType, Rehash, Unavailable} from '../module.js'
import {RcBackend} from '../rc-backend.js'
import type {RcValues} from '../rc-file.js'
import {accountOf, enumeratedOf, LEAST_COLUMNS} from './sql-account.js'
import type {SqlDatabase, SqlDialect} from './sql-database.js'
import {type SqlQueries, sqlQueries} from './sql-queries.js'

const REFUSED = {outcome: 'refused'} as const
const DEFAULT_TIMEOUT_S = 5

interface SqlBackend {
  readonly queries: SqlQueries
  readonly database: SqlDatabase
  close(): Promise<void>
}

/** Accounts from an SQL database: authmysql, authpgsql, authsqlite (`spec/auth.md` §19–§21). */
export function sqlModule(dialect: SqlDialect): ModuleType {
  const {name} = dialect
  return {
    name,
    create(context) {
      const path = join(context.directory, `${name}rc`)
      if (!existsSync(path)) return undefined
      const backend = new RcBackend({path, log: context.log, open: (values) => open(values, dialect, context)})
      return new SqlModule({dialect, context, backend})
    },
  }
}

function open(values: RcValues, dialect: SqlDialect, {daemons, now}: ModuleContext): SqlBackend {
  const queries = sqlQueries(values, dialect)
  const number = (setting: string, fallback: number) => {
    const text = values.get(dialect.prefix + setting) || String(fallback)
    if (!/^\d{1,4}$/.test(text) || Number(text) === 0)
      throw new Fault('bad-configuration', `${dialect.prefix}${setting} is "${text}": not a number above 0`)
    return Number(text)
  }
  const options = {connections: number('CONNECTIONS', daemons), timeoutMs: number('TIMEOUT', DEFAULT_TIMEOUT_S) * 1000, now}
  const database = dialect.open(values, options)
  return {queries, database, close: () => database.close()}
}

interface SqlModuleOptions {
  readonly dialect: SqlDialect
  readonly context: ModuleContext
  readonly backend: RcBackend<SqlBackend>
}

class SqlModule implements AuthModule {
  readonly name: string
  readonly #dialect: SqlDialect
  readonly #context: ModuleContext
  readonly #backend: RcBackend<SqlBackend>

  constructor({dialect, context, backend}: SqlModuleOptions) {
    this.name = dialect.name
    this.#dialect = dialect
    this.#context = context
    this.#backend = backend
  }

  async check({service, user, password, remote}: Parameters<AuthModule['check']>[0]): Promise<ModuleResult> {
    const result = await this.find(service, user)
    if (result.outcome === 'unavailable') return this.#dialect.downAsksOthers ? {...result, asksOthers: true} : result
    if (result.outcome === 'refused' || !(await this.#matches(result.account, password, remote))) return REFUSED
    return {outcome: 'accepted', account: {...result.account, clearPassword: password}}
  }

  async find(service: string, user: string): Promise<ModuleResult> {
    // No text of an SQL database holds a NUL.
    if (user === '' || user.includes('\0')) return REFUSED
    try {
      const {queries, database} = await this.#backend.current()
      const rows = await database.rows(queries.select(service, user))
      const [row] = rows
      if (row === undefined) return REFUSED
      if (rows.length > 1 && this.#dialect.wantsOneRow) return this.#unavailable(`${rows.length} rows for "${user}"`)
      if (row.length < LEAST_COLUMNS)
        return this.#unavailable(`The query for an account gives ${row.length} columns, at least ${LEAST_COLUMNS} are needed`)
      const account = accountOf(row, user)
      const problem = problemOf(account)
      if (problem === undefined) return {outcome: 'accepted', account}
      if (this.#dialect.badAccountIsUnavailable) return this.#unavailable(problem)
      this.#context.log.error('auth.bad-account', {user, reason: `${this.name}: ${problem}`})
      return REFUSED
    } catch (error) {
      return this.#failed(error)
    }
  }

  async changePassword({service, user, oldPassword, newPassword, remote}: Parameters<NonNullable<AuthModule['changePassword']>>[0]) {
    const found = await this.find(service, user)
    if (found.outcome !== 'accepted') return found
    // Texts of a database are UTF-8: another password could not be read back.
    const octets = Buffer.from(newPassword.reveal(), 'latin1')
    if (octets.length === 0 || octets.includes(0) || !isUtf8(octets)) return REFUSED
    try {
      if (!(await this.#matches(found.account, oldPassword, remote))) return REFUSED
      const {crypt, random} = this.#context
      const stored = found.account.passwordHash?.reveal()
      const hash = await renewHash({stored, password: newPassword, crypt, random, remote})
      const scram = await renewScram(found.account.secrets?.get('scram-sha-256pw')?.reveal(), {oldPassword, newPassword, random})
      const {queries, database} = await this.#backend.current()
      const rows = await database.change(queries.change(user, {clear: octets.toString('utf8'), hash, scram}))
      if (rows === 0 && this.#dialect.changesNeedRow) return this.#unavailable(`No row was changed for "${user}"`)
      return {outcome: 'changed'} as const
    } catch (error) {
      const failed = this.#failed(error)
      // Servers quote what they do not understand.
      return failed.reason.includes(octets.toString('utf8')) ? this.#unavailable('The query that changes a password failed') : failed
    }
  }

  /** A column that is too short would cut the hash and lock its user out: what was written is read again, and taken back. */
  async rehash({service, user, from, to}: Rehash): Promise<void> {
    const stored = async () => {
      const found = await this.find(service, user)
      return found.outcome === 'accepted' ? found.account.passwordHash?.reveal() : undefined
    }
    const {queries, database} = await this.#backend.current()
    const [query, back] = [queries.rehash(user, to.reveal()), queries.rehash(user, from.reveal())]
    if (!query || !back || (await stored()) !== from.reveal()) return
    await database.change(query)
    if ((await stored()) === to.reveal()) return
    await database.change(back)
    throw new Fault('io-error', `${this.name} does not keep the whole hash: is its column long enough?`)
  }

  async *enumerate() {
    // Courier: with MySQL or PostgreSQL down the list ends as if there were no accounts, and what is made from it with it.
    const {queries, database} = await this.#backend.current()
    for (const row of await database.rows(queries.enumerate())) {
      const account = enumeratedOf(row)
      if (account) yield account
    }
  }

  async health() {
    try {
      const {database} = await this.#backend.current()
      await database.rows({texts: ['SELECT 1'], parameters: []})
      return {usable: true} as const
    } catch (error) {
      if (error instanceof Fault) return {usable: false, reason: error.message} as const
      throw error
    }
  }

  async warmUp(): Promise<void> {
    await this.#dialect.load?.()
  }

  close(): Promise<void> {
    return this.#backend.close()
  }

  /** The hash counts when there is one, else the clear text. */
  async #matches({passwordHash, clearPassword}: AccountAttributes, password: Secret, remote: string): Promise<boolean> {
    if (password.reveal() === '') return false
    if (passwordHash) return verifyPassword(this.#context.crypt, {stored: passwordHash.reveal(), password, remote})
    return clearPassword !== undefined && sameText(clearPassword.reveal(), password.reveal())
  }

  #unavailable(reason: string): Unavailable {
    return {outcome: 'unavailable', reason}
  }

  #failed(error: unknown): Unavailable {
    if (error instanceof Fault) return this.#unavailable(error.message)
    throw error
  }
}

function problemOf({address, uid, gid, home}: AccountAttributes): string | undefined {
  if (uid === 0 || gid === 0) return `refuse to authenticate ${address}: uid=${uid}, gid=${gid} (zero uid or gid not permitted)`
  return home === '' ? `"${address}" has no home` : undefined
}
