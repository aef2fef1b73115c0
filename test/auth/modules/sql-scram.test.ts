import {writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {authsqlite} from '../../../src/auth/modules/authsqlite.js'
import {loadSqlite} from '../../../src/auth/modules/sql/sqlite-library.js'
import {formatScramSecret, isScramSecretOf, makeScramSecret, parseScramSecret} from '../../../src/auth/scram/secret.js'
import {suite} from '../../support/suite.js'
import {moduleUnderTest} from '../support/module-context.js'
import {scratch} from '../support/scratch.js'

const scram = suite('SCRAM secrets in SQL', {limitMs: 20_000})

const secretOf = (password: string) =>
  formatScramSecret(makeScramSecret(Buffer.from(password), {salt: Buffer.alloc(16, 1), iterations: 4096}))

const usable = (() => {
  try {
    return loadSqlite() !== undefined
  } catch {
    return false
  }
})()

async function withTable() {
  const place = await scratch()
  const path = place.path('accounts.db')
  await writeFile(path, '')
  const database = loadSqlite()(path)
  const run = (statement: string) => database.run({sql: statement, parameters: []}, {rows: 1, timeMs: 1000})
  run('CREATE TABLE accounts (id text, clear text, uid int, gid int, home text, scram text)')
  for (const [name, stored] of [
    ['ann', secretOf('secret')],
    ['bob', secretOf('another')],
    ['eve', ''],
  ]) {
    run(`INSERT INTO accounts VALUES ('${name}', 'secret', 5, 5, '/home', '${stored}')`)
  }
  database.close()
  return {...place, path}
}

for (const [form, rc] of [
  ['columns', 'SQLITE_USER_TABLE accounts\nSQLITE_CLEAR_PWFIELD clear\nSQLITE_SCRAM_SHA_256_FIELD scram\n'],
  [
    'queries',
    `SQLITE_SELECT_CLAUSE SELECT id, '', clear, uid, gid, home, '', '', '', '', scram FROM accounts WHERE id = '$(local_part)'\n` +
      `SQLITE_ENUMERATE_CLAUSE SELECT id, uid, gid, home, '', '' FROM accounts\n` +
      `SQLITE_CHPASS_CLAUSE UPDATE accounts SET clear = '$(newpass)', scram = coalesce(nullif('$(newpass_scram)', ''), scram) WHERE id = '$(local_part)'\n`,
  ],
] as const) {
  scram.when(usable, 'there is no SQLite library')(
    `with ${form}: a new password makes a new secret, where the old one was made from the old password`,
    async () => {
      await using table = await withTable()
      await using at = await moduleUnderTest(authsqlite, `SQLITE_DATABASE ${table.path}\n${rc}`)
      const stored = async (user: string) => {
        const found = await at.module.find('imap', user)
        return found.outcome === 'accepted' ? found.account.secrets?.get('scram-sha-256pw')?.reveal() : found.outcome
      }
      assert.is(await stored('ann'), secretOf('secret'))
      for (const user of ['ann', 'bob', 'eve']) assert.is(await at.change(user, 'secret', 'new one'), 'changed')
      const fresh = parseScramSecret((await stored('ann')) ?? '')
      assert.ok(fresh && (await isScramSecretOf(fresh, Buffer.from('new one'))))
      assert.is(await stored('bob'), secretOf('another'))
      assert.is(await stored('eve'), undefined)
      assert.is(await at.outcome('ann', 'new one'), 'accepted')
    },
  )
}

scram.run()
