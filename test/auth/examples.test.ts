/**
 * The acceptance examples of accounts and their tools, `spec/auth.md` §30: those that no other test shows, and where the others are.
 *
 * Examples of the tools run against the original programs as well, in the tests that say "as the original".
 */
import {readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {completeName} from '../../src/auth/complete-name.js'
import {authsqlite} from '../../src/auth/modules/authsqlite.js'
import {loadSqlite} from '../../src/auth/modules/sql/sqlite-library.js'
import {optionIsOn, parseOptions} from '../../src/auth/options.js'
import {startSasl} from '../../src/auth/sasl/exchange.js'
import {findMechanism} from '../../src/auth/sasl/registry.js'
import {authpasswdTool} from '../../src/services/authpasswd-tool.js'
import {pw2userdbTool} from '../../src/services/pw2userdb-tool.js'
import {userdbTool} from '../../src/services/userdb-tool.js'
import {userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {runTool} from '../commands/support/run-tool.js'
import {suite} from '../support/suite.js'
import {ACCOUNTS, auth, daemon} from './support/daemon.js'
import {moduleUnderTest} from './support/module-context.js'
import {cramResponse} from './support/sasl-client.js'
import {CHANNEL, challengeOf, saslRole} from './support/sasl-role.js'
import {scratch} from './support/scratch.js'

const examples = suite('Examples of accounts and tools', {limitMs: 20_000})

examples('1: userdb set makes the file and its lock, and leaves nothing else', async () => {
  await using at = await scratch()
  const args = ['-f', at.path('db'), 'ann', 'set', 'uid=5001', 'gid=5001', 'home=/srv/mail/ann']
  assert.equal(await runTool(userdbTool, {args}), {code: 0, out: '', err: ''})
  assert.equal((await readdir(at.directory)).sort(), ['.lock.db', 'db'])
  const [file, lock] = [await stat(at.path('db')), await stat(at.path('.lock.db'))]
  assert.equal([file.mode & 0o777, lock.mode & 0o777, lock.size], [0o600, 0o600, 0])
})

examples('12: userdb -show of a missing file makes its lock', async () => {
  await using at = await scratch()
  assert.equal(await runTool(userdbTool, {args: ['-show', '-f', at.path('missing')]}), {code: 0, out: '', err: ''})
  assert.equal(await readdir(at.directory), ['.lock.missing'])
})

examples('21: userdbpw refuses what it does not know, and makes nothing of nothing', async () => {
  for (const option of ['-noverify', '-hmac-sha512'])
    assert.equal(await runTool(userdbpwTool, {args: [option], input: 'secret\n'}), {code: 1, out: '', err: 'PROG: invalid argument.\n'})
  assert.equal(await runTool(userdbpwTool, {args: ['-md5'], input: ''}), {code: 1, out: '', err: ''})
})

for (const [method, hash] of [
  ['md5', '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ=='],
  ['MD5RAW', '{MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69'],
  ['sha', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
  ['sha256', '{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols='],
] as const) {
  examples(`22: authpasswd ${method} of "secret" is ${hash}`, async () => {
    assert.equal(await runTool(authpasswdTool, {args: [method], input: 'secret\n'}), {code: 0, out: `${hash}\n`, err: ''})
  })
}

examples('23: authpasswd makes a salted hash of everything else, and MD5-crypt without a method', async () => {
  for (const method of ['sha1', 'crypt', 'foo'])
    assert.match((await runTool(authpasswdTool, {args: [method], input: 'secret\n'})).out, /^\{SSHA\}[A-Za-z0-9+/]{32}\n$/)
  assert.match((await runTool(authpasswdTool, {args: [], input: 'secret\n'})).out, /^\$1\$.{5}\$.{22}\n$/)
})

examples('33: pw2userdb', async () => {
  await using at = await scratch()
  const convert = async (passwd: string, ...args: string[]) => {
    await writeFile(at.path('passwd'), passwd)
    return (await runTool(pw2userdbTool, {args: [`--passwd=${at.path('passwd')}`, ...args]})).out
  }
  await writeFile(at.path('shadow'), 'root:$6$aa$bb:19000:0:99999:7:::\n')
  assert.is(
    await convert('vm:HASH1:900:901:V|M,room 1:/home/vm:\n', '--noshadow'),
    'vm\tuid=900|gid=901|home=/home/vm|systempw=HASH1|gecos=V.M,room 1\n900=\tvm\n',
  )
  assert.is(
    await convert('root:x:0:0:root:/root:/bin/bash\n', `--shadow=${at.path('shadow')}`, '--domain=example.com', '--nouid'),
    'root@example.com\tuid=0|gid=0|home=/root|shell=/bin/bash|systempw=$6$aa$bb|gecos=root\n',
  )
})

examples('37: each service has its password, and the common one is for the others only', async () => {
  await using at = await daemon({userdb: ACCOUNTS})
  const outcome = async (service: string, password: string) => (await at.ask(auth(service, 'login', 'bob', password))).split('\n')
  assert.equal(await outcome('imap', 'pop-pw'), ['FAIL', ''])
  assert.equal(await outcome('pop3', 'secret'), ['FAIL', ''])
  for (const [service, password] of [
    ['imap', 'secret'],
    ['pop3', 'pop-pw'],
  ] as const) {
    const lines = await outcome(service, password)
    assert.equal(
      lines.map((line) => line.split('=')[0]),
      ['UID', 'GID', 'HOME', 'ADDRESS', 'PASSWD', 'PASSWD2', '.', ''],
    )
    assert.ok(lines.includes(`PASSWD2=${password}`))
  }
})

for (const [options, on] of [
  ['disableimap=1', true],
  ['disableimap', true],
  ['disableimap=', true],
  ['disableimap=yes', true],
  ['x=1,disableimap=2', true],
  ['disableimap=0', false],
  ['disableimap=no', false],
  ['disableimapx=1', false],
  ['', false],
] as const) {
  examples(`49: disableimap is ${on ? 'on' : 'off'} with "${options}"`, () => {
    assert.is(optionIsOn(parseOptions(options), 'disableimap'), on)
  })
}

examples('50: DEFDOMAIN stands behind names without a domain', () => {
  const domain = '@example.com'
  const complete = (user: string, separators?: string) => completeName(user, {domain, separators})
  assert.equal([complete('joe'), complete('joe@a.org')], ['joe@example.com', 'joe@a.org'])
  assert.equal([complete('joe%a.org', '@%'), complete('joe', '@%')], ['joe%a.org', 'joe@example.com'])
})

examples('51: PLAIN with and without an authorization identity', async () => {
  for (const response of ['AGpvaG4Ac2VjcmV0', 'YWRtaW4Aam9obgBzZWNyZXQ=']) {
    const begin = async () => ({kind: 'failed', reason: 'refused'}) as const
    const mechanism = findMechanism({begin}, {service: 'imap', mechanism: 'PLAIN', remote: '', channel: CHANNEL})
    const reply = await startSasl(mechanism, Buffer.from(response))
    assert.is(reply.kind, 'credentials')
    if (reply.kind === 'credentials') assert.equal([reply.credentials.user, reply.credentials.password.reveal()], ['john', 'secret'])
  }
})

const sqlite = (() => {
  try {
    return loadSqlite()
  } catch {
    return undefined
  }
})()

examples.when(sqlite, 'there is no SQLite library')(
  '72: an empty password in clear is none: CRAM-MD5 with no password is refused',
  async () => {
    await using at = await scratch()
    const path = at.path('accounts.db')
    await writeFile(path, '')
    const database = sqlite?.(path)
    for (const sql of [
      'CREATE TABLE accounts (id text, crypt text, clear text, uid int, gid int, home text)',
      "INSERT INTO accounts VALUES ('ann', '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', '', 5, 5, '/home')",
    ])
      database?.run({sql, parameters: []}, {rows: 1, timeMs: 1000})
    database?.close()
    const rc = `SQLITE_DATABASE ${path}\nSQLITE_USER_TABLE accounts\nSQLITE_CRYPT_PWFIELD crypt\nSQLITE_CLEAR_PWFIELD clear\n`
    await using source = await moduleUnderTest(authsqlite, rc)
    assert.is(await source.outcome('ann', 'secret'), 'accepted')
    await using role = await saslRole('')
    ;(role.auth.modules as unknown as {modules: unknown[]}).modules.unshift(source.module)
    const {challenge, answer} = challengeOf(await role.begin('CRAM-MD5'))
    assert.is(await role.outcome(await answer(cramResponse('md5', 'ann', {password: '', challenge}))), 'refused')
  },
)

/** Where the examples are that other tests show: their numbers, the file, and what the test is called, or the row that it is made from. */
const ELSEWHERE: readonly (readonly [numbers: string, file: string, ...titles: string[]])[] = [
  ['2', 'commands/userdb', 'set changes and adds'],
  ['3', 'commands/userdb', 'set takes a value from standard input'],
  ['4', 'commands/userdb', 'set takes several values'],
  ['5', 'commands/userdb', 'no value is an error'],
  ['6', 'commands/userdb', 'a bar in an argument', 'a bar in a value'],
  ['7', 'commands/userdb', "'unset'", 'unset of the last field'],
  ['8', 'commands/userdb', 'set with a double', 'del with a double'],
  ['9', 'commands/userdb', 'del of nobody', 'unset of nobody'],
  ['10', 'commands/userdb', 'del with more', 'an unknown verb', 'no arguments'],
  ['11', 'commands/userdb', '-show lists', '-show NAME', '-show of a bare record'],
  ['13', 'commands/userdb', 'a missing final LF'],
  ['14', 'commands/userdb', 'a name with a slash is in a file of the userdb directory'],
  ['15', 'commands/userdb', '-show of a directory'],
  ['16', 'commands/userdb', 'a bare field stays bare'],
  [
    '17 18',
    'commands/userdbpw',
    "['-hmac-md5', 'secret', 'cd3b",
    "['-hmac-md5', 'secret\\n', 'cd3b",
    "['-md5 -hmac-sha1', 'secret\\nother\\n'",
  ],
  ['19 20', 'commands/userdbpw', 'a hash with a random salt that crypt(3) verifies'],
  ['24 25 26', 'auth/hash', 'matches ${stored}, and nothing else does', 'what is no hash never matches'],
  ['27', 'commands/makeuserdb', 'splits records into a public and a secret part'],
  ['28', 'commands/makeuserdb', 'a source that others may read'],
  ['29', 'commands/makeuserdb', 'only NAMEpw= is secret, odd lines are what they are'],
  ['30', 'commands/makeuserdb', 'a double name'],
  ['31', 'commands/makeuserdb', 'a directory is read with those below it, without hidden files'],
  ['32', 'commands/makeuserdb', 'an empty file gives two empty databases'],
  ['34 35 36 40 41 42 43 66 68', 'auth/daemon', '[34, ', '[35, ', '[36, ', '[40, ', '[41, ', '[42, ', '[43, ', '[66, ', '[68, '],
  ['38 39', 'auth/daemon', '38, 39: CRAM'],
  ['44', 'auth/daemon', '44: ENUMERATE'],
  ['45', 'auth/daemon', '45: PASSWD changes the text and the databases'],
  ['46 71', 'auth/daemon', '46, 71: DEFAULTOPTIONS are merged'],
  ['47', 'auth/daemon', '47: a pipe program that refuses'],
  ['48', 'auth/daemon', '48: unknown modules are left out'],
  ['52', 'auth/modules/query-template', 'values stand where their names stood', "o'hara", "local_part: 'joe'"],
  ['53', 'auth/modules/ldap', 'a login stands for itself in a filter'],
  ['54', 'auth/modules/rc-file', 'without the marker line in column 1 a file is refused', 'the first value of a name counts'],
  ['55 56', 'commands/authtest', 'checks accounts through the modules', 'authtest through a daemon: as the original'],
  ['57', 'commands/authtest', 'lists accounts through the modules', 'a daemon that is not there is told in the words of the original'],
  ['58', 'commands/converters', 'userdb-test-cram-md5 answers the example of RFC 2195'],
  ['59', 'commands/courierlogger', '-pid argument required', "Unknown facility name 'xyz'"],
  ['60', 'commands/makeuserdb', "libgdbm reads the same from our GDBM files as from the original's"],
  ['61', 'commands/userdb', 'what follows stays', 'the last line gets its LF'],
  ['62', 'commands/userdb', 'doubled fields collapse', 'set on a bare record'],
  ['63 64 65', 'auth/daemon', '63, 64, 65: empty values are told'],
  ['67', 'auth/daemon', '67: a client that stops in the middle'],
  ['69', 'auth/daemon', '69: without databases there are no accounts'],
  ['70', 'auth/daemon', '70: PASSWD refuses what the original could not hand on'],
]

examples('all 72 have a test', async () => {
  const shown = new Set<number>()
  for (const [numbers, file, ...titles] of ELSEWHERE) {
    const text = await readFile(resolve('test', `${file}.test.ts`), 'utf8')
    for (const title of titles) assert.ok(text.includes(title), `${file}: no test "${title}" of example ${numbers}`)
    for (const number of numbers.split(' ')) shown.add(Number(number))
  }
  const own = await readFile(resolve('test/auth/examples.test.ts'), 'utf8')
  for (const [, number] of own.matchAll(/['`](\d+): /g)) shown.add(Number(number))
  const missing = Array.from({length: 72}, (_, index) => index + 1).filter((number) => !shown.has(number))
  assert.equal(missing, [])
})

examples.run()
