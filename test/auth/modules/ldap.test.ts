import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {type AddressInfo, createServer} from 'node:net'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {authldap} from '../../../src/auth/modules/authldap.js'
import {escapeFilterText} from '../../../src/auth/modules/ldap/escape-filter-text.js'
import {filterOf} from '../../../src/auth/modules/ldap/ldap-client.js'
import {makeSelfSigned} from '../../../src/tls/self-signed.js'
import {suite} from '../../support/suite.js'
import {DOWN, imapWith, WRONG} from '../support/imap-logins.js'
import {MARKER, walkWithMarker} from '../support/marker.js'
import {BAD_NAMES, moduleUnderTest} from '../support/module-context.js'
import {oddServer} from '../support/odd-server.js'
import {ldapServer, pause, type RealServer, SLAPD} from '../support/real-server.js'

const ldap = suite('authldap', {limitMs: 60_000})

const SHA_SECRET = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const person = (uid: string, lines: readonly string[]) =>
  [
    `dn: uid=${uid},ou=people,dc=example`,
    'objectClass: inetOrgPerson',
    'objectClass: posixAccount',
    `uid: ${uid}`,
    `sn: ${uid}`,
    ...lines,
    '',
  ].join('\n')

const ENTRIES = `dn: dc=example
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=people,dc=example
objectClass: organizationalUnit
ou: people

${person('ann', [
  'cn: Ann Lee',
  'mail: ann@corp.example',
  'uidNumber: 5001',
  'gidNumber: 5002',
  'homeDirectory: /srv/mail/ann',
  `userPassword: ${SHA_SECRET}`,
  'employeeType: north',
  'departmentNumber: 5000000S',
  'roomNumber: ./Maildir',
])}
${person('bob', ['cn: Bob', 'mail: bob@corp.example', 'mail: robert@corp.example', 'uidNumber: 5003', 'gidNumber: 5003', 'homeDirectory: /srv/mail/bob', 'description: clear pw'])}
${person('zero', ['cn: Zero', 'mail: zero@corp.example', 'uidNumber: 0', 'gidNumber: 0', 'homeDirectory: /root', `userPassword: ${SHA_SECRET}`])}
${person('twin1', ['cn: Twin', 'mail: twin@corp.example', 'uidNumber: 5', 'gidNumber: 5', 'homeDirectory: /x', `userPassword: ${SHA_SECRET}`])}
${person('twin2', ['cn: Twin', 'mail: twin@corp.example', 'uidNumber: 5', 'gidNumber: 5', 'homeDirectory: /x', `userPassword: ${SHA_SECRET}`])}
`

const rc = (server: {readonly port: number}, more = '') => `LDAP_URI ldap://127.0.0.1:${server.port}
LDAP_BASEDN dc=example
LDAP_TIMEOUT 1
LDAP_UID uidNumber
LDAP_GID gidNumber
LDAP_HOMEDIR homeDirectory
LDAP_MAILDIR roomNumber
LDAP_MAILDIRQUOTA departmentNumber
LDAP_FULLNAME cn
LDAP_AUXOPTIONS employeeType=sharedgroup,title
${more}
`
const SEARCHER =
  'LDAP_INITBIND 1\nLDAP_BINDDN cn=admin,dc=example\nLDAP_BINDPW admin\nLDAP_CRYPTPW userPassword\nLDAP_CLEARPW description\n'
const BINDER = 'LDAP_AUTHBIND 1\n'

const test = ldap.when(existsSync(SLAPD), 'slapd is not installed')
let server: RealServer

test('the server is made', async () => {
  server = await ldapServer(ENTRIES)
})

test('right and wrong passwords, and what is known of the account', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER))
  const result = await at.check('ann@corp.example', 'secret')
  assert.is(result.outcome, 'accepted', JSON.stringify(result))
  if (result.outcome !== 'accepted') return
  const {passwordHash, clearPassword, secrets, ...account} = result.account
  assert.equal(account, {
    address: 'ann@corp.example',
    uid: 5001,
    gid: 5002,
    home: '/srv/mail/ann',
    maildir: './Maildir',
    quota: '5000000S',
    fullName: 'Ann Lee',
    options: 'sharedgroup=north',
  })
  assert.is(passwordHash?.reveal(), SHA_SECRET)
  assert.is(clearPassword?.reveal(), 'secret')
  for (const [user, password, expected] of [
    ['ann@corp.example', 'wrong', 'refused'],
    ['ann@corp.example', '', 'refused'],
    ['bob@corp.example', 'clear pw', 'accepted'],
    ['robert@corp.example', 'clear pw', 'accepted'],
    ['bob@corp.example', 'Clear pw', 'refused'],
    ['nobody@corp.example', 'secret', 'refused'],
    ['twin@corp.example', 'secret', 'refused'],
    ['zero@corp.example', 'secret', 'unavailable'],
  ] as const) {
    assert.is(await at.outcome(user, password), expected, `${user} ${password}`)
  }
  assert.equal(await at.module.health(), {usable: true})
})

for (const [form, more] of [
  ['searching', SEARCHER],
  ['binding', BINDER],
] as const) {
  test(`${form}: names that mean something in a filter are nobody's`, async () => {
    await using at = await moduleUnderTest(authldap, rc(server, more))
    for (const user of BAD_NAMES) {
      assert.is(await at.outcome(user, 'secret'), 'refused', JSON.stringify(user.slice(0, 40)))
      assert.is((await at.module.find('imap', user)).outcome, 'refused')
      assert.is(await at.change(user, 'secret', 'other'), 'refused')
    }
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
  })
}

test('binding: the server says whose password is right; an empty one is never sent', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, BINDER))
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
  assert.is(await at.outcome('ann@corp.example', 'wrong'), 'refused')
  assert.is(await at.outcome('ann@corp.example', ''), 'refused')
  assert.is(await at.outcome('bob@corp.example', 'clear pw'), 'refused')
})

for (const [form, more] of [
  ['searching', SEARCHER],
  ['binding', `${BINDER}${SEARCHER}`],
] as const) {
  test(`${form}: a password change counts for the next login`, async () => {
    await using at = await moduleUnderTest(authldap, rc(server, more))
    assert.is(await at.change('ann@corp.example', 'wrong', 'next*)('), 'refused')
    assert.is(await at.change('ann@corp.example', 'secret', 'next*)('), 'changed')
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'refused')
    assert.is(await at.outcome('ann@corp.example', 'next*)('), 'accepted')
    assert.is(await at.change('ann@corp.example', 'next*)(', 'secret'), 'changed')
    const found = await at.module.find('imap', 'ann@corp.example')
    assert.match((found.outcome === 'accepted' && found.account.passwordHash?.reveal()) || '', /^\{SHA\}/)
  })
}

test('all accounts are listed, one for each address', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER))
  const accounts = await at.list()
  assert.equal(
    accounts.map(({name}) => name).sort(),
    ['ann', 'bob', 'robert', 'twin', 'twin', 'zero'].map((name) => `${name}@corp.example`),
  )
  assert.equal(
    accounts.find(({name}) => name === 'ann@corp.example'),
    {name: 'ann@corp.example', uid: 5001, gid: 5002, home: '/srv/mail/ann', maildir: './Maildir', options: 'sharedgroup=north'},
  )
  await at.writeRc(rc(server, `${SEARCHER}LDAP_ENUMERATE_FILTER (cn=Bob)\n`))
  assert.is((await at.list()).length, 2)
})

for (const [title, more, user, expected] of [
  ['LDAP_FILTER', 'LDAP_FILTER (cn=Ann*)', 'ann@corp.example', 'accepted'],
  ['LDAP_FILTER that leaves it out', 'LDAP_FILTER (cn=Bob)', 'ann@corp.example', 'refused'],
  ['LDAP_FILTER that is none', 'LDAP_FILTER ((((', 'ann@corp.example', 'unavailable'],
  ['LDAP_DOMAIN', 'LDAP_DOMAIN corp.example', 'ann', 'accepted'],
  ['LDAP_MAIL', 'LDAP_MAIL uid', 'ann', 'accepted'],
  [
    'LDAP_EMAILMAP',
    'LDAP_MAIL uid\nLDAP_EMAILMAP (&(mail=@user@@corp.example)(!(o=@realm@@nope@)))\nLDAP_EMAILMAP_ATTRIBUTE uid',
    'ann@other.example',
    'accepted',
  ],
  ['LDAP_DEREF', 'LDAP_DEREF Always', 'ann@corp.example', 'accepted'],
  ['LDAP_DEREF that is none', 'LDAP_DEREF sometimes', 'ann@corp.example', 'unavailable'],
  ['LDAP_PROTOCOL_VERSION 4', 'LDAP_PROTOCOL_VERSION 4', 'ann@corp.example', 'unavailable'],
  ['LDAP_TLS with a server that has none', 'LDAP_TLS 1', 'ann@corp.example', 'unavailable'],
] as const) {
  test(`${title}: ${user} is ${expected}`, async () => {
    await using at = await moduleUnderTest(authldap, rc(server, `${more}\n${SEARCHER}`))
    const result = await at.check(user, 'secret')
    assert.is(result.outcome, expected, JSON.stringify(result))
    assert.is(result.outcome === 'accepted' && result.account.address, expected === 'accepted' && user)
  })
}

test('LDAP_MAILROOT stands before every home; LDAP_GLOB_UID and LDAP_GLOB_GID are for those without', async () => {
  const more = `LDAP_MAILROOT /var/mail\nLDAP_GLOB_UID nobody\nLDAP_GLOB_GID 777\n${SEARCHER}`
  const text = rc(server, more).replace('LDAP_UID uidNumber\nLDAP_GID gidNumber\n', '')
  await using at = await moduleUnderTest(authldap, text)
  const result = await at.check('ann@corp.example', 'secret')
  assert.equal(result.outcome === 'accepted' && {home: result.account.home, uid: result.account.uid, gid: result.account.gid}, {
    home: '/var/mail//srv/mail/ann',
    uid: 65534,
    gid: 777,
  })
})

test('a wrong password of the one who searches is no wrong password of an account', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER.replace('BINDPW admin', 'BINDPW wrong')))
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  assert.is((await at.module.health()).usable, false)
})

test('the first server that answers is taken', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER).replace('LDAP_URI ', 'LDAP_URI ldap://127.0.0.1:1, '))
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'accepted')
})

async function becomes(check: () => Promise<string>, expected: string): Promise<void> {
  for (let attempt = 0; attempt < 50 && (await check()) !== expected; attempt += 1) await pause(100)
  assert.is(await check(), expected)
}

test('the server that is killed and started again', async () => {
  for (const more of [SEARCHER, BINDER]) {
    await using at = await moduleUnderTest(authldap, rc(server, more))
    const check = () => at.outcome('ann@corp.example', 'secret')
    assert.is(await check(), 'accepted')
    await server.kill()
    const down = await at.check('ann@corp.example', 'secret')
    assert.is(down.outcome, 'unavailable')
    assert.ok(down.outcome === 'unavailable' && down.asksOthers)
    assert.is((await at.module.find('imap', 'ann@corp.example')).outcome, 'unavailable')
    assert.is(await at.change('ann@corp.example', 'secret', 'x'), 'unavailable')
    const listed = await at.list().catch((error: Error) => error.name)
    assert.is(listed, 'Fault')
    await server.start()
    await becomes(check, 'accepted')
    await server.kill()
    await server.start()
    assert.is(await check(), 'accepted')
  }
})

test('logins over IMAP, with the server up, down and up again', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER))
  await using imap = await imapWith(at.directory, ['authldap'])
  const login = () => imap.login('ann@corp.example', 'secret')
  assert.is(await login(), 'OK')
  assert.is(await imap.login('ann@corp.example', 'wrong-marker'), WRONG)
  await server.kill()
  assert.is(await imap.login('ann@corp.example', 'wrong-marker'), DOWN)
  await server.start()
  await becomes(login, 'OK')
  assert.not(imap.log.lines.some((line) => line.includes('wrong-marker')))
})

test('a server that stops answering is unavailable in time', async () => {
  await using at = await moduleUnderTest(authldap, rc(server, SEARCHER))
  const check = () => at.outcome('ann@corp.example', 'secret')
  assert.is(await check(), 'accepted')
  server.signal('SIGSTOP')
  await pause(50)
  const start = performance.now()
  const outcomes = await Promise.all([check(), check(), check(), check(), check(), check()])
  server.signal('SIGCONT')
  assert.equal([...new Set(outcomes)], ['unavailable'])
  assert.ok(performance.now() - start < 5000, `${performance.now() - start} ms`)
  await becomes(check, 'accepted')
})

test('StartTLS: the certificate of the server must be right, unless LDAPTLS_REQCERT says otherwise', async () => {
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost', '127.0.0.1'], days: 2, now: new Date()})
  await using secure = await ldapServer(ENTRIES, {key: keyPem, certificate: certificatePem})
  const text = rc(secure, `LDAP_TLS 1\n${SEARCHER}`)
  const authority = join(secure.directory, 'cert.pem')
  for (const [environment, uri, expected] of [
    [{LDAPTLS_CACERT: authority}, '127.0.0.1', 'accepted'],
    [{LDAPTLS_CACERT: authority}, 'localhost', 'accepted'],
    [{}, '127.0.0.1', 'unavailable'],
    [{LDAPTLS_REQCERT: 'never'}, '127.0.0.1', 'accepted'],
    [{LDAPTLS_CACERT: '/nonexistent'}, '127.0.0.1', 'unavailable'],
  ] as const) {
    await using at = await moduleUnderTest(authldap, text.replace('127.0.0.1', uri), {environment})
    const result = await at.check('ann@corp.example', 'secret')
    assert.is(result.outcome, expected, JSON.stringify([environment, uri, result]))
    if (expected === 'accepted') assert.is(await at.outcome('ann@corp.example', 'wrong'), 'refused')
  }
  await using binding = await moduleUnderTest(authldap, rc(secure, `LDAP_TLS 1\n${BINDER}`), {environment: {LDAPTLS_CACERT: authority}})
  assert.is(await binding.outcome('ann@corp.example', 'secret'), 'accepted')
  assert.is(await binding.outcome('ann@corp.example', 'wrong'), 'refused')
})

test('no password appears in logs, answers, errors or command lines, with the server up, down and silent', async () => {
  const hash = `{SHA}${createHash('sha1').update(MARKER).digest('base64')}`
  const entry = person('marked', [
    'cn: Marked',
    'mail: marked@corp.example',
    'uidNumber: 5009',
    'gidNumber: 5009',
    'homeDirectory: /srv/x',
    `userPassword: ${hash}`,
  ])
  await using own = await ldapServer(`${ENTRIES}\n${entry}`)
  for (const more of [SEARCHER, `${BINDER}${SEARCHER}`]) {
    await walkWithMarker({
      type: authldap,
      rc: rc(own, more),
      user: 'marked@corp.example',
      changes: true,
      states: [{name: 'it is down', enter: () => own.kill(), leave: () => own.start()}],
    })
  }
})

test('the server is put away', () => server[Symbol.asyncDispose]())

for (const [what, octets] of [
  ['garbage', Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')],
  ['a length without end', Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3])],
  ['nothing', Buffer.alloc(0)],
] as const) {
  ldap(`a server that answers ${what} is unavailable`, async () => {
    await using odd = await oddServer({answer: octets})
    await using at = await moduleUnderTest(authldap, rc(odd, SEARCHER))
    assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  })
}

ldap('a server that begins a handshake and never ends it is unavailable, and nothing stays open', async () => {
  let open = 0
  let ended = () => {}
  const end = new Promise<void>((resolve) => (ended = resolve))
  const stalling = createServer((socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
      ended()
    })
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      // A success (RFC 4511 §4.12) for who asks in clear; the handshake gets nothing.
      if (request[0] === 0x30) socket.write(Buffer.from([0x30, 12, 2, 1, request[4] ?? 0, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]))
    })
  })
  await new Promise<void>((resolve) => stalling.listen(0, '127.0.0.1', resolve))
  const {port} = stalling.address() as AddressInfo
  await using at = await moduleUnderTest(authldap, rc({port}, `LDAP_TLS 1\n${SEARCHER}`))
  assert.is(await at.outcome('ann@corp.example', 'secret'), 'unavailable')
  await end
  assert.is(open, 0)
  await new Promise((resolve) => stalling.close(resolve))
})

ldap('a login stands for itself in a filter', () => {
  const login = 'a*(b)\\c'
  assert.is(
    filterOf({base: '', filters: ['(o=x)'], match: {attribute: 'mail', value: login}, attributes: []}).toString(),
    '(&(o=x)(mail=a\\2a\\28b\\29\\5cc))',
  )
  assert.is(escapeFilterText(login), 'a\\2a\\28b\\29\\5cc')
})

ldap.run()
