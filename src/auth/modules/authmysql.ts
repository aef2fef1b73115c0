import {Fault} from '../../support/fault.js'
import {type RcValues, required} from './rc-file.js'
import {loadMysql, MysqlDatabase, type MysqlSettings, type MysqlTls} from './sql/mysql-database.js'
import {sqlModule} from './sql/sql-module.js'

/** Bits of MYSQL_OPT that a client may choose, by their names in the protocol. */
const FLAGS: readonly (readonly [number, string])[] = [
  [2, 'FOUND_ROWS'],
  [32, 'COMPRESS'],
  [256, 'IGNORE_SPACE'],
  [1024, 'INTERACTIVE'],
  [65_536, 'MULTI_STATEMENTS'],
  [131_072, 'MULTI_RESULTS'],
]

/** Accounts from MySQL or MariaDB (`spec/auth.md` §19). */
export const authmysql = sqlModule({
  name: 'authmysql',
  prefix: 'MYSQL_',
  stringQuotes: `'"`,
  deliveryNames: ['DEFAULTDELIVERY_FIELD', 'DEFAULTDELIVERY'],
  alwaysNeedsTable: true,
  changesWithWhere: false,
  wantsOneRow: false,
  changesNeedRow: false,
  downAsksOthers: true,
  badAccountIsUnavailable: true,
  load: loadMysql,
  open: (values, options) => new MysqlDatabase(settingsOf(values), options),
})

function settingsOf(values: RcValues): MysqlSettings {
  const host = values.get('MYSQL_SERVER') || undefined
  const socketPath = values.get('MYSQL_SOCKET') || undefined
  if (!host && !socketPath) throw new Fault('bad-configuration', 'MYSQL_SERVER and MYSQL_SOCKET not found: one of them is needed')
  const options = numberOf(values, 'MYSQL_OPT')
  return {
    host,
    // As in the original's library: the socket is for "localhost" and for no server at all.
    socketPath: host === undefined || host === 'localhost' ? socketPath : undefined,
    port: numberOf(values, 'MYSQL_PORT'),
    user: required(values, 'MYSQL_USERNAME'),
    password: values.get('MYSQL_PASSWORD') ?? '',
    database: required(values, 'MYSQL_DATABASE'),
    characterSet: values.get('MYSQL_CHARACTER_SET') || undefined,
    flags: FLAGS.filter(([bit]) => (options & bit) !== 0).map(([, name]) => name),
    tls: tlsOf(values),
  }
}

/** TLS is used when there is something to check the server with. */
function tlsOf(values: RcValues): MysqlTls | undefined {
  const value = (name: string) => values.get(`MYSQL_SSL_${name}`) || undefined
  const [authority, authorityDirectory] = [value('CACERT'), value('CAPATH')]
  if (!authority && !authorityDirectory) return undefined
  const ciphers = value('CIPHER') ?? value('CIPHERS')
  return {authority, authorityDirectory, certificate: value('CERT'), key: value('KEY'), ciphers}
}

function numberOf(values: RcValues, name: string): number {
  const digits = /^\d{1,10}/.exec(required(values, name))?.[0]
  if (digits === undefined) throw new Fault('bad-configuration', `${name} is "${values.get(name)}": not a number`)
  return Number(digits)
}
