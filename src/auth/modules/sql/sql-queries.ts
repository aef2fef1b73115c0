import {Fault} from '../../../support/fault.js'
import {type RcValues, required} from '../rc-file.js'
import {type PreparedQuery, prepareQuery, type QueryValues} from './query-template.js'
import type {SqlDialect} from './sql-database.js'

/** What a password change writes. */
export interface NewPassword {
  /** In clear, as text. */
  readonly clear: string
  readonly hash: string
  /** The new secret for SCRAM; undefined: the old one stays. */
  readonly scram: string | undefined
}

/** The queries that an rc file asks for, custom ones or those made from its column names (`spec/auth.md` §19). */
export interface SqlQueries {
  select(service: string, user: string): PreparedQuery
  enumerate(): PreparedQuery
  change(user: string, password: NewPassword): PreparedQuery
  /** Stores another hash of the same password; undefined where that cannot be done without the password. */
  rehash(user: string, hash: string): PreparedQuery | undefined
}

/** Columns of a select, in order; the last is an extension: secrets of SCRAM-SHA-256 (RFC 5803). */
const SELECTED = ['LOGIN', 'CRYPT', 'CLEAR', 'UID', 'GID', 'HOME', 'MAILDIR', 'QUOTA', 'NAME', 'OPTIONS', 'SCRAM'] as const
const ENUMERATED = ['LOGIN', 'UID', 'GID', 'HOME', 'MAILDIR', 'OPTIONS'] as const
type Columns = Readonly<Record<(typeof SELECTED)[number], string>>

/** Outside of strings they are part of a name: `FROM accounts_$(service)`. */
const WORDS = new Set(['service'])
const EMPTY = "''"

/** @throws {Fault} `bad-configuration` when a setting is missing */
export function sqlQueries(values: RcValues, dialect: SqlDialect): SqlQueries {
  const value = (name: string) => values.get(dialect.prefix + name)
  const custom = {select: value('SELECT_CLAUSE'), enumerate: value('ENUMERATE_CLAUSE'), change: value('CHPASS_CLAUSE')}
  const needsTable = dialect.alwaysNeedsTable || !custom.select || !custom.enumerate || !custom.change
  const table = needsTable ? required(values, `${dialect.prefix}USER_TABLE`) : ''
  if (needsTable && value('CRYPT_PWFIELD') === undefined) requirePassword(values, dialect.prefix)
  const columns = columnsOf(value)
  const delivery = dialect.deliveryNames.map(value).find((name) => name !== undefined)
  const where = value('WHERE_CLAUSE') || '1=1'
  const domain = values.get('DEFAULT_DOMAIN') ?? ''
  const fullName = (user: string) => (domain === '' || user.includes('@') ? user : `${user}@${domain}`)
  const prepare = (query: string, parameters: QueryValues) =>
    prepareQuery(query, {values: parameters, words: WORDS, stringQuotes: dialect.stringQuotes})

  return {
    select(service, user) {
      if (custom.select) return prepare(custom.select, {...partsOf(user, domain), service})
      const maildir = service === 'courier' && delivery ? delivery : columns.MAILDIR
      const names = SELECTED.map((name) => (name === 'MAILDIR' ? maildir : columns[name]))
      // A column that nobody has is not asked for: the query is then the original's.
      if (columns.SCRAM === EMPTY) names.pop()
      return {
        texts: [`SELECT ${names.join(', ')} FROM ${table} WHERE ${columns.LOGIN} = `, ` AND (${where})`],
        parameters: [fullName(user)],
      }
    },
    enumerate() {
      if (custom.enumerate) return prepare(custom.enumerate, {...partsOf('*', domain), service: 'enumerate'})
      return {texts: [`SELECT ${ENUMERATED.map((name) => columns[name]).join(', ')} FROM ${table} WHERE ${where}`], parameters: []}
    },
    rehash(user, hash) {
      if (custom.change) {
        if (/\$\(newpass\)/.test(custom.change)) return undefined
        return prepare(custom.change, {...partsOf(user, domain), newpass_crypt: hash})
      }
      if (columns.CRYPT === EMPTY) return undefined
      const end = dialect.changesWithWhere ? ` AND (${where})` : ''
      return {texts: [`UPDATE ${table} SET ${columns.CRYPT} = `, ` WHERE ${columns.LOGIN} = `, end], parameters: [hash, fullName(user)]}
    },
    change(user, {clear, hash, scram}) {
      if (custom.change) {
        return prepare(custom.change, {...partsOf(user, domain), newpass: clear, newpass_crypt: hash, newpass_scram: scram ?? ''})
      }
      const written = [
        [columns.CLEAR, clear],
        [columns.CRYPT, hash],
        [columns.SCRAM, scram],
      ].filter(([column, text]) => column !== EMPTY && text !== undefined)
      const names = written.map(([column], index) => `${index === 0 ? `UPDATE ${table} SET` : ','} ${column} = `)
      const end = dialect.changesWithWhere ? ` AND (${where})` : ''
      const parameters = [...written.map(([, text]) => text ?? ''), fullName(user)]
      return {texts: [...names, ` WHERE ${columns.LOGIN} = `, end], parameters}
    },
  }
}

function requirePassword(values: RcValues, prefix: string): void {
  if (!values.has(`${prefix}CLEAR_PWFIELD`)) {
    throw new Fault('bad-configuration', `${prefix}CRYPT_PWFIELD and ${prefix}CLEAR_PWFIELD not found: one of them is needed`)
  }
}

function columnsOf(value: (name: string) => string | undefined): Columns {
  return {
    LOGIN: value('LOGIN_FIELD') ?? 'id',
    CRYPT: value('CRYPT_PWFIELD') || EMPTY,
    CLEAR: value('CLEAR_PWFIELD') || EMPTY,
    UID: value('UID_FIELD') ?? 'uid',
    GID: value('GID_FIELD') ?? 'gid',
    HOME: value('HOME_FIELD') ?? 'home',
    MAILDIR: value('MAILDIR_FIELD') || EMPTY,
    QUOTA: value('QUOTA_FIELD') || EMPTY,
    NAME: value('NAME_FIELD') || EMPTY,
    OPTIONS: value('AUXOPTIONS_FIELD') || EMPTY,
    SCRAM: value('SCRAM_SHA_256_FIELD') || EMPTY,
  }
}

/** `user@` has an empty domain; only a name without `@` gets the default one. */
function partsOf(user: string, domain: string): QueryValues {
  const at = user.indexOf('@')
  return at < 0 ? {local_part: user, domain} : {local_part: user.slice(0, at), domain: user.slice(at + 1)}
}
