import {existsSync} from 'node:fs'
import {mkdtemp, rename, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {authmysql} from '../../../src/auth/modules/authmysql.js'
import {authpgsql} from '../../../src/auth/modules/authpgsql.js'
import {authsqlite} from '../../../src/auth/modules/authsqlite.js'
import type {ModuleType} from '../../../src/auth/modules/module.js'
import {loadSqlite} from '../../../src/auth/modules/sql/sqlite-library.js'
import {Secret} from '../../../src/log/secret.js'
import {runProgram} from '../../support/run-program.js'
import {suite} from '../../support/suite.js'
import {DOWN, imapWith, WRONG} from '../support/imap-logins.js'
import {MARKER, walkWithMarker} from '../support/marker.js'
import {BAD_NAMES, type ModuleUnderTest, moduleUnderTest} from '../support/module-context.js'
import {oddServer} from '../support/odd-server.js'
import {HAS_POSTGRES, MARIADBD, mariadbServer, pause, postgresServer, type RealServer} from '../support/real-server.js'

const sql = suite('SQL modules', {limitMs: 120_000})

const SHA_SECRET = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='

const TABLE = `CREATE TABLE accounts (id varchar(128) PRIMARY KEY, crypt varchar(128), clear varchar(128), uid int, gid int, home varchar(255), maildir varchar(255), quota varchar(64), name varchar(64), options varchar(255))`
const ROWS = [
  `INSERT INTO accounts VALUES ('ann@corp.example', '${SHA_SECRET}', '', 5001, 5001, '/srv/mail/ann', './Maildir', '5000000S', 'Ann Lee', 'sharedgroup=north')`,
  `INSERT INTO accounts VALUES ('bob@corp.example', NULL, 'bob''s pw', 5002, 5002, '/srv/mail/bob', NULL, NULL, NULL, NULL)`,
  `INSERT INTO accounts VALUES ('zoë@corp.example', '$6$saltsalt$J8H/8Wn2k2bF2tV6', 'x', 5003, 5003, '/srv/mail/zoe', '', '', '', '')`,
  `INSERT INTO accounts VALUES ('zero@corp.example', NULL, 'secret', 0, 0, '/', '', '', '', '')`,
  `INSERT INTO accounts VALUES ('lost@corp.example', NULL, 'secret', 5004, 5004, '', '', '', '', '')`,
]

interface Source {
  readonly type: ModuleType
  readonly rc: string
  /** With the server's certificate, when there is a server. */
  readonly directory?: string
  /** Runs statements as the administrator. */
  execute(statements: readonly string[]): Promise<void>
  down(): Promise<void>
  up(): Promise<void>
  /** Takes connections, answers nothing. */
  stall?: (() => void) | undefined
  resume?: (() => void) | undefined
  [Symbol.asyncDispose](): Promise<void>
}

const FIELDS = (prefix: string) => `
${prefix}USER_TABLE\taccounts
${prefix}CRYPT_PWFIELD crypt
${prefix}CLEAR_PWFIELD clear
${prefix}LOGIN_FIELD id
${prefix}MAILDIR_FIELD maildir
${prefix}QUOTA_FIELD quota
${prefix}NAME_FIELD name
${prefix}AUXOPTIONS_FIELD options
${prefix}TIMEOUT 1
`

const CUSTOM = (prefix: string) => `
${prefix}SELECT_CLAUSE SELECT id, crypt, clear, uid, gid, home, maildir, quota, name, options FROM accounts \\
   WHERE id = '$(local_part)@$(domain)' AND '$(service)' <> 'smtp'
${prefix}ENUMERATE_CLAUSE SELECT id, uid, gid, home, maildir, options FROM accounts WHERE uid > 0 AND '$(service)' = 'enumerate'
${prefix}CHPASS_CLAUSE UPDATE accounts SET clear = '$(newpass)', crypt = '$(newpass_crypt)' WHERE id = '$(local_part)@$(domain)'
DEFAULT_DOMAIN corp.example
`

async function sqliteSource(): Promise<Source> {
  const directory = await mkdtemp(join(tmpdir(), 'courier-sqlite-'))
  const path = join(directory, 'accounts.db')
  await writeFile(path, '')
  return {
    type: authsqlite,
    rc: `SQLITE_DATABASE ${path}\n`,
    async execute(statements) {
      const database = loadSqlite()(path)
      for (const statement of statements) database.run({sql: statement, parameters: []}, {rows: 1, timeMs: 1000})
      database.close()
    },
    down: () => rename(path, `${path}.away`),
    up: () => rename(`${path}.away`, path),
    [Symbol.asyncDispose]: () => rm(directory, {recursive: true, force: true}),
  }
}

function serverSource(server: RealServer, rest: Pick<Source, 'type' | 'rc' | 'execute'>): Source {
  return {
    ...rest,
    directory: server.directory,
    down: () => server.kill(),
    async up() {
      await server.start()
      // It accepts connections before it has recovered.
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const failed = await rest.execute(['SELECT 1']).catch((error: unknown) => error)
        if (failed === undefined) return
        await pause(50)
      }
    },
    stall: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function mysqlSource(): Promise<Source> {
  const server = await mariadbServer()
  const client = async (input: string, database: string[]) => {
    const args = [
      '--no-defaults',
      '-h',
      '127.0.0.1',
      '-P',
      String(server.port),
      '-u',
      'root',
      '--default-character-set=utf8mb4',
      ...database,
    ]
    const result = await runProgram('/usr/bin/mariadb', args, {input})
    if (result.code !== 0) throw new Error(result.stderr)
  }
  await client('CREATE DATABASE mail CHARACTER SET utf8mb4;', [])
  return serverSource(server, {
    type: authmysql,
    rc: `MYSQL_SERVER 127.0.0.1\nMYSQL_PORT ${server.port}\nMYSQL_OPT 0\nMYSQL_USERNAME root\nMYSQL_DATABASE mail\n`,
    execute: (statements) => client(`${statements.join(';\n')};`, ['mail']),
  })
}

async function pgsqlSource(): Promise<Source> {
  const server = await postgresServer()
  return serverSource(server, {
    type: authpgsql,
    rc: `PGSQL_CONNECTION host=127.0.0.1 port=${server.port} dbname='postgres' user=postgres\n`,
    async execute(statements) {
      const args = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-q', '-v', 'ON_ERROR_STOP=1']
      const result = await runProgram('/usr/bin/psql', args, {input: `${statements.join(';\n')};`})
      if (result.code !== 0) throw new Error(result.stderr)
    },
  })
}

function sqliteProblem(): string {
  try {
    loadSqlite()
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Repeats until the source has been tried again after its pause. */
async function becomes(at: ModuleUnderTest, expected: string): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if ((await at.outcome('ann@corp.example', 'secret')) === expected) return
    await pause(100)
  }
  const last = await at.check('ann@corp.example', 'secret')
  assert.is(last.outcome, expected, JSON.stringify(last))
}

for (const [name, available, reason, make, prefix] of [
  ['authsqlite', sqliteProblem() === '', sqliteProblem(), sqliteSource, 'SQLITE_'],
  ['authmysql', existsSync(MARIADBD), 'mariadb-server is not installed', mysqlSource, 'MYSQL_'],
  ['authpgsql', HAS_POSTGRES, 'postgresql is not installed', pgsqlSource, 'PGSQL_'],
] as const) {
  let source: Source
  const test = sql.when(available, reason)

  test(`${name}: the source is made`, async () => {
    source = await make()
    await source.execute([TABLE, ...ROWS])
  })

  test(`${name}: right and wrong passwords, and what is known of the account`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    const result = await at.check('ann@corp.example', 'secret')
    assert.is(result.outcome, 'accepted', JSON.stringify(result))
    if (result.outcome !== 'accepted') return
    const {passwordHash, clearPassword, secrets, ...account} = result.account
    assert.equal(account, {
      address: 'ann@corp.example',
      uid: 5001,
      gid: 5001,
      home: '/srv/mail/ann',
      maildir: './Maildir',
      quota: '5000000S',
      fullName: 'Ann Lee',
      options: 'sharedgroup=north',
    })
    assert.is(passwordHash?.reveal(), SHA_SECRET)
    assert.is(clearPassword?.reveal(), 'secret')
    assert.is(await at.outcome('ann@corp.example', 'wrong'), 'refused')
    assert.is(await at.outcome('ann@corp.example', ''), 'refused')
    assert.is(await at.outcome('bob@corp.example', "bob's pw"), 'accepted')
    assert.is(await at.outcome('bob@corp.example', "Bob's pw"), 'refused')
    assert.is(await at.outcome('nobody@corp.example', 'secret'), 'refused')
    const found = await at.module.find('imap', 'bob@corp.example')
    assert.is(found.outcome === 'accepted' && found.account.clearPassword?.reveal(), "bob's pw")
    assert.is(found.outcome === 'accepted' && found.account.maildir, undefined)
    assert.is((await at.module.find('imap', 'zoë@corp.example')).outcome, 'accepted')
    assert.equal(await at.module.health(), {usable: true})
  })

  test(`${name}: root's ids and a missing home are never accepted`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    const expected = name === 'authmysql' ? 'unavailable' : 'refused'
    for (const user of ['zero@corp.example', 'lost@corp.example']) {
      assert.is(await at.outcome(user, 'secret'), expected)
      assert.is((await at.module.find('imap', user)).outcome, expected)
    }
  })

  test(`${name}: a stronger hash takes the place of the checked one, never of another, and never half of one`, async () => {
    const hash = `$6$rounds=1000$saltsalt$${'x'.repeat(60)}`
    const stored = async (at: ModuleUnderTest) => {
      const found = await at.module.find('imap', 'ann@corp.example')
      return found.outcome === 'accepted' ? found.account.passwordHash?.reveal() : undefined
    }
    const request = (from: string, to: string) => ({service: 'imap', user: 'ann@corp.example', from: new Secret(from), to: new Secret(to)})
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    await at.module.rehash?.(request('other', hash))
    assert.is(await stored(at), SHA_SECRET)
    await at.module.rehash?.(request(SHA_SECRET, hash))
    assert.is(await stored(at), hash)
    await at.module.rehash?.(request(hash, SHA_SECRET))
    assert.is(await stored(at), SHA_SECRET)
    // The column has 128 characters; SQLite does not count them.
    const long = await at.module.rehash?.(request(SHA_SECRET, 'y'.repeat(200))).catch((error: Error) => error.name)
    if (name === 'authsqlite') await at.module.rehash?.(request('y'.repeat(200), SHA_SECRET))
    else assert.is(long, 'Fault')
    assert.is(await stored(at), SHA_SECRET)
    // Custom queries that need the password in clear cannot do it.
    await using custom = await moduleUnderTest(source.type, source.rc + FIELDS(prefix) + CUSTOM(prefix))
    await custom.module.rehash?.(request(SHA_SECRET, hash))
    assert.is(await stored(custom), SHA_SECRET)
  })

  for (const [form, clauses] of [
    ['column names', ''],
    ['custom queries', CUSTOM(prefix)],
  ] as const) {
    test(`${name} with ${form}: names that mean something to a database are nobody's`, async () => {
      await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix) + clauses)
      for (const user of BAD_NAMES) {
        assert.is(await at.outcome(user, 'secret'), 'refused', JSON.stringify(user.slice(0, 40)))
        assert.is((await at.module.find('imap', user)).outcome, 'refused')
        assert.is(await at.change(user, 'secret', 'other'), 'refused')
      }
      assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
    })

    test(`${name} with ${form}: a password change counts for the next login`, async () => {
      await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix) + clauses)
      const marker = `n'ew "\\$(local_part)${form.length}`
      assert.is(await at.change('ann@corp.example', 'wrong', marker), 'refused')
      assert.is(await at.change('ann@corp.example', 'secret', marker), 'changed')
      assert.is(await at.outcome('ann@corp.example', 'secret'), 'refused')
      assert.is(await at.outcome('ann@corp.example', marker), 'accepted')
      assert.is(await at.outcome('bob@corp.example', "bob's pw"), 'accepted')
      const found = await at.module.find('imap', 'ann@corp.example')
      assert.match((found.outcome === 'accepted' && found.account.passwordHash?.reveal()) || '', /^\{SHA\}/)
      assert.is(found.outcome === 'accepted' && found.account.clearPassword?.reveal(), marker)
      assert.is(await at.change('ann@corp.example', marker, 'secret'), 'changed')
    })

    test(`${name} with ${form}: all accounts are listed`, async () => {
      await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix) + clauses)
      const accounts = await at.list()
      const names = accounts.map((account) => account.name).filter((account) => account !== 'zero@corp.example')
      assert.equal(names.sort(), ['ann@corp.example', 'bob@corp.example', 'zoë@corp.example'])
      assert.equal(
        accounts.find((account) => account.name === 'ann@corp.example'),
        {name: 'ann@corp.example', uid: 5001, gid: 5001, home: '/srv/mail/ann', maildir: './Maildir', options: 'sharedgroup=north'},
      )
    })
  }

  test(`${name}: a name without a domain gets the default one; the service is known to queries`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix) + CUSTOM(prefix))
    assert.is(await at.outcome('ann', 'secret'), 'accepted')
    assert.is(await at.outcome('ann', 'secret', 'smtp'), 'refused')
    await at.writeRc(`${source.rc + FIELDS(prefix)}DEFAULT_DOMAIN corp.example\n`)
    assert.is(await at.outcome('ann', 'secret'), 'accepted')
    assert.is(await at.outcome('ann@', 'secret'), 'refused')
  })

  test(`${name}: a table without the columns and a query that gives too few are no wrong password`, async () => {
    await using at = await moduleUnderTest(source.type, `${source.rc}${prefix}HOME_FIELD nosuchcolumn\n${FIELDS(prefix)}`)
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
    await at.writeRc(
      `${source.rc}${FIELDS(prefix)}${prefix}SELECT_CLAUSE SELECT id, crypt FROM accounts WHERE id = '$(local_part)@$(domain)'\n`,
    )
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  })

  test(`${name}: the source that goes away and comes back`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
    await source.down()
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
    assert.is(await at.outcome('ann@corp.example', 'wrong'), 'unavailable')
    const down = await at.check('nobody', 'x')
    assert.is(down.outcome === 'unavailable' && down.asksOthers === true, name !== 'authsqlite')
    const found = await at.module.find('imap', 'ann@corp.example')
    assert.is(found.outcome, 'unavailable')
    assert.is(found.outcome === 'unavailable' && found.asksOthers === true, false)
    assert.is(await at.change('ann@corp.example', 'secret', 'x'), 'unavailable')
    assert.is((await at.module.health()).usable, false)
    await at.list().then(
      () => assert.unreachable('the list is not complete'),
      (error: Error) => assert.is(error.name, 'Fault'),
    )
    await source.up()
    await becomes(at, 'accepted')
    assert.is(await at.outcome('ann@corp.example', 'wrong'), 'refused')
  })

  test(`${name}: logins over IMAP, with the source up, down and up again`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    await using imap = await imapWith(at.directory, [name])
    assert.is(await imap.login('ann@corp.example', 'secret'), 'OK')
    assert.is(await imap.login('ann@corp.example', 'wrong-marker'), WRONG)
    assert.is(await imap.login('nobody', 'secret'), WRONG)
    await source.down()
    assert.is(await imap.login('ann@corp.example', 'wrong-marker'), DOWN)
    await source.up()
    for (let attempt = 0; attempt < 50 && (await imap.login('ann@corp.example', 'secret')) !== 'OK'; attempt += 1) await pause(100)
    assert.is(await imap.login('ann@corp.example', 'secret'), 'OK')
    assert.not(imap.log.lines.some((line) => line.includes('wrong-marker')))
  })

  test(`${name}: a restart between two logins is not noticed`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
    await source.down()
    await source.up()
    await becomes(at, 'accepted')
    await source.down()
    await source.up()
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
  })

  const encrypts = name === 'authsqlite' ? () => undefined : test
  encrypts(`${name}: the connection is encrypted, and the server's certificate must be right`, async () => {
    const certificate = `${source.directory}/cert.pem`
    for (const [settings, expected] of name === 'authmysql'
      ? ([
          [`MYSQL_SSL_CACERT ${certificate}`, 'accepted'],
          ['MYSQL_SSL_CACERT /etc/ssl/certs/ca-certificates.crt', 'unavailable'],
          ['MYSQL_SSL_CACERT /nonexistent', 'unavailable'],
        ] as const)
      : ([
          [`sslmode=verify-full sslrootcert=${certificate}`, 'accepted'],
          ['sslmode=require', 'accepted'],
          ['sslmode=verify-ca', 'unavailable'],
          ['sslmode=verify-full sslrootcert=/nonexistent', 'unavailable'],
        ] as const)) {
      const rc = name === 'authmysql' ? `${source.rc}${settings}\n` : source.rc.replace(/\n/, ` ${settings}\n`)
      await using at = await moduleUnderTest(source.type, rc + FIELDS(prefix))
      const result = await at.check('ann@corp.example', 'secret')
      assert.is(result.outcome, expected, `${settings} ${JSON.stringify(result)}`)
    }
  })

  // The other servers have processes of their own for each connection.
  const stalls = name === 'authmysql' ? test : () => undefined
  stalls(`${name}: a server that does not answer is unavailable in time`, async () => {
    await using at = await moduleUnderTest(source.type, source.rc + FIELDS(prefix))
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
    source.stall?.()
    await pause(100)
    const start = performance.now()
    const outcomes = await Promise.all(Array.from({length: 10}, () => at.outcome('ann@corp.example', 'secret')))
    const seconds = (performance.now() - start) / 1000
    source.resume?.()
    assert.equal([...new Set(outcomes)], ['unavailable'])
    assert.ok(seconds < 4, `took ${seconds} s`)
    await becomes(at, 'accepted')
  })

  test(`${name}: no password appears in logs, answers, errors or command lines, with the source up, down and odd`, async () => {
    const user = 'marked@corp.example'
    await source.execute([`INSERT INTO accounts VALUES ('${user}', NULL, '${MARKER}', 5009, 5009, '/srv/x', '', '', '', '')`])
    for (const clauses of ['', CUSTOM(prefix)]) {
      const rc = source.rc + FIELDS(prefix) + clauses
      await walkWithMarker({
        type: source.type,
        rc,
        user,
        changes: true,
        states: [{name: 'it is down', enter: source.down, leave: source.up}],
      })
    }
    const table = (change: string) => source.execute([`ALTER TABLE accounts RENAME ${change}`])
    const odd = {name: 'a column is missing', enter: () => table('COLUMN home TO away'), leave: () => table('COLUMN away TO home')}
    await walkWithMarker({type: source.type, rc: source.rc + FIELDS(prefix), user, states: [odd]})
  })

  test(`${name}: the source is put away`, () => source[Symbol.asyncDispose]())
}

for (const [what, octets] of [
  ['garbage', Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')],
  ['zeros', Buffer.alloc(64)],
  ['lengths without end', Buffer.alloc(64, 0xff)],
  ['nothing', Buffer.alloc(0)],
] as const) {
  for (const ends of [false, true]) {
    for (const [type, rc] of [
      [
        authmysql,
        (port: number) =>
          `MYSQL_SERVER 127.0.0.1\nMYSQL_PORT ${port}\nMYSQL_OPT 0\nMYSQL_USERNAME root\nMYSQL_DATABASE mail\n${FIELDS('MYSQL_')}`,
      ],
      [authpgsql, (port: number) => `PGSQL_CONNECTION host=127.0.0.1 port=${port} dbname=mail user=mail password=x\n${FIELDS('PGSQL_')}`],
    ] as const) {
      sql(`${type.name}: a server that says ${what}${ends ? ' and hangs up' : ''} is unavailable`, async () => {
        await using odd = await oddServer({greeting: octets, answer: octets, ends})
        await using at = await moduleUnderTest(type, rc(odd.port))
        assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
        assert.is((await at.module.find('imap', 'ann@corp.example')).outcome, 'unavailable')
      })
    }
  }
}

sql('authsqlite: a file that is no database, an empty one and one that may not be there are unavailable', async () => {
  await using at = await moduleUnderTest(authsqlite, `SQLITE_DATABASE /nonexistent/x.db\n${FIELDS('SQLITE_')}`)
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  await writeFile(at.path('x.db'), 'not a database, but long enough to look like one '.repeat(50))
  await at.writeRc(`SQLITE_DATABASE ${at.path('x.db')}\n${FIELDS('SQLITE_')}`)
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  await writeFile(at.path('y.db'), '')
  await at.writeRc(`SQLITE_DATABASE ${at.path('y.db')}\n${FIELDS('SQLITE_')}`)
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
})

sql.run()
