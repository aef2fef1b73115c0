import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {authmysql} from '../../../src/auth/modules/authmysql.js'
import {authpgsql} from '../../../src/auth/modules/authpgsql.js'
import {authsqlite} from '../../../src/auth/modules/authsqlite.js'
import {ldapSettings} from '../../../src/auth/modules/ldap/ldap-settings.js'
import {parseRcFile} from '../../../src/auth/modules/rc-file.js'
import {suite} from '../../support/suite.js'
import {moduleUnderTest} from '../support/module-context.js'

const templates = suite('Templates of rc files')

const read = (name: string) => readFileSync(resolve('templates', name), 'utf8')
/** The same with all that stands in comments. */
const everything = (text: string) => text.replace(/^# ?([A-Z][A-Z0-9_]+\t)/gm, '$1').replace(/^#(\t\t)/gm, '$1')

templates('authldaprc is right, with its comments too', () => {
  for (const text of [read('authldaprc'), everything(read('authldaprc'))]) {
    assert.is(ldapSettings(parseRcFile(text, 'authldaprc')).uris[0], 'ldap://127.0.0.1')
  }
  const {attributes, map} = ldapSettings(parseRcFile(everything(read('authldaprc')), 'authldaprc'))
  assert.ok(Object.values(attributes).every((attribute) => attribute !== undefined))
  assert.is(map?.filter, '(&(userid=@user@)(realm=@realm@))')
})

for (const type of [authmysql, authpgsql, authsqlite]) {
  templates(`${type.name}rc is right: what fails is the connection`, async () => {
    const text = read(`${type.name}rc`)
    for (const rc of [text, everything(text)]) {
      const local = rc
        .replace(/^MYSQL_PORT.*/m, 'MYSQL_PORT\t1')
        .replace('port=5432', 'port=1')
        .replace('# PGSQL', 'PGSQL')
      await using at = await moduleUnderTest(type, local)
      const result = await at.check('ann', 'secret')
      assert.is(result.outcome, 'unavailable')
      assert.match((result.outcome === 'unavailable' && result.reason) || '', /^The (MySQL|PostgreSQL) server: .*|^Database "/)
      assert.equal(at.log.lines, [])
    }
  })
}

templates.run()
