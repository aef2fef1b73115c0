import {BadSyntax, Fault} from '../../support/fault.js'
import {required} from './rc-file.js'
import {parseConnectionString} from './sql/pgsql-connection-string.js'
import {loadPgsql, PgsqlDatabase} from './sql/pgsql-database.js'
import {sqlModule} from './sql/sql-module.js'

/** Accounts from PostgreSQL (`spec/auth.md` §20). */
export const authpgsql = sqlModule({
  name: 'authpgsql',
  prefix: 'PGSQL_',
  stringQuotes: "'",
  deliveryNames: ['DEFAULTDELIVERY', 'DEFAULTDELIVERY_FIELD'],
  alwaysNeedsTable: false,
  changesWithWhere: true,
  wantsOneRow: false,
  changesNeedRow: false,
  downAsksOthers: true,
  badAccountIsUnavailable: false,
  load: loadPgsql,
  open(values, options) {
    const text = required(values, 'PGSQL_CONNECTION')
    try {
      const parameters = parseConnectionString(text)
      const port = parameters.get('port') ?? '5432'
      if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new BadSyntax(`the port "${port}" is none`)
      return new PgsqlDatabase({parameters, characterSet: values.get('PGSQL_CHARACTER_SET') || undefined}, options)
    } catch (error) {
      if (error instanceof BadSyntax) throw new Fault('bad-configuration', `PGSQL_CONNECTION: ${error.message}`)
      throw error
    }
  },
})
