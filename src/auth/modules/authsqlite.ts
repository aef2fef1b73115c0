import {Fault} from '../../support/fault.js'
import {required} from './rc-file.js'
import {sqlModule} from './sql/sql-module.js'
import {SqliteDatabase} from './sql/sqlite-database.js'

/** Accounts from an SQLite file (`spec/auth.md` §21). */
export const authsqlite = sqlModule({
  name: 'authsqlite',
  prefix: 'SQLITE_',
  stringQuotes: "'",
  deliveryNames: ['DEFAULTDELIVERY', 'DEFAULTDELIVERY_FIELD'],
  alwaysNeedsTable: false,
  changesWithWhere: false,
  wantsOneRow: true,
  changesNeedRow: true,
  downAsksOthers: false,
  badAccountIsUnavailable: false,
  open(values, {timeoutMs}) {
    const path = required(values, 'SQLITE_DATABASE')
    if (!path.startsWith('/')) throw new Fault('bad-configuration', `SQLITE_DATABASE is "${path}": it must begin with "/"`)
    return new SqliteDatabase(path, timeoutMs)
  },
})
