import {once} from 'node:events'
import {mkdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises'
import {connect, createServer} from 'node:net'
import {join} from 'node:path'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {DaemonServer} from '../../src/auth/daemon/daemon-server.js'
import {RequestReader} from '../../src/auth/daemon/request-reader.js'
import type {AuthModule, ModuleResult} from '../../src/auth/modules/module.js'
import {formatScramSecret, isScramSecretOf, makeScramSecret, parseScramSecret} from '../../src/auth/scram/secret.js'
import {Secret} from '../../src/log/secret.js'
import {suite} from '../support/suite.js'
import {ACCOUNTS, askSocket, auth, daemon} from './support/daemon.js'
import {compile} from './support/scratch.js'

const daemons = suite('Authentication daemon', {limitMs: 20_000})

const ANN = (pass2 = '') => `UID=5001
GID=5001
HOME=/srv/mail/ann
ADDRESS=ann@corp.example
NAME=Ann Lee
MAILDIR=./Maildir
QUOTA=5000000S
PASSWD={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
${pass2}OPTIONS=sharedgroup=north
.
`
const BOB = `UID=5002
GID=5001
HOME=/srv/mail/bob
ADDRESS=bob
PASSWD={MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69
.
`
const ANN_LOGIN = 'AUTH 35\nimap\nlogin\nann@corp.example\nsecret\n'
const NOTHING = ''
const FAIL = 'FAIL\n'

// spec/auth.md §30.5, §30.8: request and reply.
for (const [number, request, reply] of [
  [34, 'PRE . imap ann@corp.example\n', ANN()],
  [35, ANN_LOGIN, ANN('PASSWD2=secret\n')],
  [35, 'AUTH 34\nimap\nlogin\nann@corp.example\nsecret', ANN('PASSWD2=secret\n')],
  [36, 'AUTH 34\nimap\nlogin\nann@corp.example\nwrong\n', FAIL],
  [36, 'AUTH 16\nimap\nlogin\nbob\n\n', FAIL],
  [37, 'AUTH 22\nimap\nlogin\nbob\nsecret\n', BOB.replace('.\n', 'PASSWD2=secret\n.\n')],
  [37, 'AUTH 22\nimap\nlogin\nbob\npop-pw\n', FAIL],
  [37, 'AUTH 22\npop3\nlogin\nbob\nsecret\n', FAIL],
  [40, 'PRE . imap nosuch\n', FAIL],
  [40, 'PRE authuserdb imap nosuch\n', FAIL],
  [40, 'PRE nomod imap ann@corp.example\n', FAIL],
  [40, 'PASSWD imap\tnosuch\ta\tb\n', FAIL],
  [41, 'PRE .   imap   bob\n', BOB],
  [41, 'PRE authuserdb imap bob\n', BOB],
  [41, 'TCPREMOTEIP=192.0.2.9\nX-OTHER=1\nPRE . imap bob\n', BOB],
  [42, 'PRE . imap\n', NOTHING],
  [42, 'PRE\n', NOTHING],
  [42, 'FOO\n', NOTHING],
  [42, '\n', NOTHING],
  [42, 'pre . imap bob\n', NOTHING],
  [42, 'AUTH\n', NOTHING],
  [42, 'AUTH 0\n', NOTHING],
  [42, 'AUTH -1\n', NOTHING],
  [42, `AUTH 8192\n${'x'.repeat(8192)}`, NOTHING],
  [42, 'PASSWD imap\tx\ty\n', NOTHING],
  [43, `${ANN_LOGIN}\n`, ANN('PASSWD2=secret\n')],
  [43, `${ANN_LOGIN}PRE . imap bob\n${'x'.repeat(100_000)}`, ANN('PASSWD2=secret\n')],
  [64, 'PRE . imap bob \n', FAIL],
  [64, 'PRE . imap \n', FAIL],
  [66, 'AUTH 41\nimap\nlogin\nann@corp.example\nsecret\nextra\n', ANN('PASSWD2=secret\n')],
  [66, 'AUTH 36\nimap\nlogin\nann@corp.example\nsecret\r\n', FAIL],
  [66, auth('imap', 'foo', 'ann@corp.example', 'secret'), FAIL],
  [66, auth('imap', 'LOGIN', 'ann@corp.example', 'secret'), FAIL],
  [68, `A=${'x'.repeat(8188)}\nPRE . imap bob\n`, BOB],
  [68, `A=${'x'.repeat(8189)}\nPRE . imap bob\n`, NOTHING],
] as const) {
  daemons(`${number}: ${JSON.stringify(request.length > 60 ? `${request.slice(0, 60)}…` : request)}`, async () => {
    await using at = await daemon()
    assert.is(await at.ask(request), reply)
    assert.is(await at.ask(request, {half: true}), reply, 'half-open')
  })
}

for (const request of ['A=B\n', 'PRE . imap bob', '', 'AUTH 35\nimap\nlogin\n', 'AUTH 35', 'A'.repeat(8190)]) {
  daemons(`${JSON.stringify(request.slice(0, 30))} and then the end of the stream gets no answer`, async () => {
    await using at = await daemon()
    assert.is(await at.ask(request, {half: true}), NOTHING)
  })
}

const CHALLENGE = 'PDAxMjM0NTY3ODlBQkNERUYwMTIzNDU2Nzg5QUJDREVGQG1haWwuZXhhbXBsZS5jb20+'
const RESPONSE = 'YW5uQGNvcnAuZXhhbXBsZSBmYjdkZjg4YzQ2OWIwMDJkNzMzN2M3N2I5MjM0ZTlhNQ=='

daemons('38, 39: CRAM', async () => {
  const userdb = ACCOUNTS.replace(
    '|hmac-md5pw=',
    '|hmac-sha1pw=091e0f4c6cb5277ee2beb639a60d0831b5c8adcdaee172433df3e96ba4f00fb1b6a490c3929d2034|hmac-md5pw=',
  )
  await using at = await daemon({userdb})
  // Courier: leaves out NAME and QUOTA.
  const accepted = ANN().replace(/^PASSWD=.*\n/m, '')
  assert.is(await at.ask(`AUTH 152\nimap\ncram-md5\n${CHALLENGE}\n${RESPONSE}\n`), accepted)
  const sha1 = 'YW5uQGNvcnAuZXhhbXBsZSBjNDEyOTFiNjQ2ZjY3YTUyZTE2MzNiMjU3YzJhMTA1OTQzOWFmZmI3'
  assert.is(await at.ask(`AUTH 161\nimap\ncram-sha1\n${CHALLENGE}\n${sha1}\n`), accepted)
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  const given = Buffer.from(RESPONSE, 'base64').toString()
  for (const [challenge, response] of [
    [CHALLENGE, encoded(given.replace('fb7d', 'fb7e'))],
    [CHALLENGE, encoded(given.replace('ann@corp.example', 'bob'))],
    [CHALLENGE, encoded(given.replace('ann@corp.example', 'nobody'))],
    [CHALLENGE, encoded(given.slice(0, -1))],
    [CHALLENGE, encoded('ann@corp.example')],
    [CHALLENGE, ''],
    ['', RESPONSE],
    [CHALLENGE, `${RESPONSE.slice(0, -2)}`],
    [CHALLENGE, '*'],
    [`${CHALLENGE}=`, RESPONSE],
  ] as const)
    assert.is(await at.ask(auth('imap', 'cram-md5', challenge, response)), FAIL, response)
  assert.is(await at.ask(auth('imap', 'cram-md4', CHALLENGE, RESPONSE)), FAIL)
})

daemons('44: ENUMERATE', async () => {
  await using at = await daemon()
  const lines = (await at.ask('ENUMERATE\n')).split('\n')
  assert.equal(lines.slice(0, 2), ['# authuserdb', ''])
  assert.equal(lines.slice(2, 4).sort(), [
    'ann@corp.example\t5001\t5001\t/srv/mail/ann\t./Maildir\tsharedgroup=north',
    'bob\t5002\t5001\t/srv/mail/bob\t\t',
  ])
  assert.equal(lines.slice(4), ['.', ''])
  await rm(at.path('userdb.lmdb'))
  assert.is(await at.ask('ENUMERATE\n'), '# authuserdb\n\n.\n')
})

daemons('45: PASSWD changes the text and the databases', async () => {
  await using at = await daemon()
  assert.is(await at.ask('PASSWD imap\tann@corp.example\twrong\tnewpw\n'), FAIL)
  assert.is(await at.ask('PASSWD imap\tann@corp.example\tsecret\tnewpw\n'), 'OK\n')
  const text = await readFile(at.path('userdb'), 'latin1')
  const hash = /systempw=(\$1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22})/.exec(text)?.[1] ?? ''
  const context = 'f00a81e2cc9bf0dca2b0bb0c302fdaed93bc076185c96f6df90e93d92bc36eee'
  const expected = ACCOUNTS.replace('{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', hash).replace(/hmac-md5pw=\w+/, `hmac-md5pw=${context}`)
  assert.is(text, expected)
  assert.is(await at.ask(ANN_LOGIN), FAIL)
  assert.match(await at.ask(auth('imap', 'login', 'ann@corp.example', 'newpw')), /^UID=5001\n/)
  assert.is((await stat(at.path('userdb'))).mode & 0o777, 0o600)
  // bob: the password of IMAP is his own, the one of POP3 is the common one.
  assert.is(await at.ask('PASSWD imap\tbob\tpop-pw\tx\n'), FAIL)
  assert.is(await at.ask('PASSWD pop3\tbob\tpop-pw\tx\n'), 'OK\n')
  assert.match(await at.ask(auth('imap', 'login', 'bob', 'secret')), /^UID=5002\n/)
  assert.match(await at.ask(auth('smtp', 'login', 'bob', 'x')), /^UID=5002\n/)
})

daemons('PASSWD keeps strong schemes, renews SCRAM secrets, and finds records in directories', async () => {
  const scram = formatScramSecret(makeScramSecret(Buffer.from('secret'), {salt: Buffer.from('salt'), iterations: 4096}))
  const strong = '$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA'
  await using at = await daemon()
  await rm(at.path('userdb'))
  await mkdir(at.path('userdb', 'sub'), {recursive: true, mode: 0o700})
  const record = `uid=1|gid=1|home=/h|systempw=${strong}|scram-sha-256pw=${scram}|hmac-md5pw=other`
  await writeFile(at.path('userdb', 'sub', 'corp'), `carl\t${record}\n`, {mode: 0o600})
  assert.equal(await compile(at.path('userdb')), [])
  assert.is(await at.ask('PASSWD imap\tcarl\tsecret\tother pw\n'), 'OK\n')
  const text = await readFile(at.path('userdb', 'sub', 'corp'), 'latin1')
  assert.match(
    text,
    /\|systempw=\$5\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{43}\|scram-sha-256pw=SCRAM-SHA-256\$15000:[^|]*\|hmac-md5pw=other\n$/,
  )
  assert.match(await at.ask(auth('imap', 'login', 'carl', 'other pw')), /^UID=1\n/)
  const secret = parseScramSecret(/SCRAM[^|]*/.exec(text)?.[0] ?? '')
  assert.ok(secret && (await isScramSecretOf(secret, Buffer.from('other pw'))))
})

daemons('70: PASSWD refuses what the original could not hand on; nothing changes when it cannot be compiled', async () => {
  await using at = await daemon()
  for (const password of ['a|b', 'a=b', 'a"b', "a'b", 'a\x01b'])
    assert.is(await at.ask(`PASSWD imap\tann@corp.example\tsecret\t${password}\n`), FAIL, password)
  assert.is(await at.ask('PASSWD imap\tx/ann@corp.example\tsecret\tx\n'), FAIL)
  assert.is(await readFile(at.path('userdb'), 'latin1'), ACCOUNTS)
  // Somebody has written a line twice, and not compiled it.
  const doubled = `${ACCOUNTS}bob\tuid=9\n`
  await writeFile(at.path('userdb'), doubled)
  assert.is(await at.ask('PASSWD imap\tann@corp.example\tsecret\tnewpw\n'), FAIL)
  assert.is(await readFile(at.path('userdb'), 'latin1'), doubled)
  // Somebody is about to change the same password.
  const changed = ACCOUNTS.replace('5en6', '6en6')
  await writeFile(at.path('userdb'), changed)
  assert.is(await at.ask('PASSWD imap\tann@corp.example\tsecret\tnewpw\n'), FAIL)
  assert.is(await readFile(at.path('userdb'), 'latin1'), changed)
  assert.is(await at.ask(ANN_LOGIN), ANN('PASSWD2=secret\n'))
})

daemons('many changes at once all count, and share the compiling', async () => {
  const names = Array.from({length: 12}, (_, index) => `user${index}`)
  const lines = names.map((name) => `${name}\tuid=7|gid=7|home=/h|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n`)
  await using at = await daemon({userdb: lines.join('')})
  const change = (name: string) => at.ask(`PASSWD imap\t${name}\tsecret\tnew-${name}\n`)
  assert.equal(
    await Promise.all(names.map(change)),
    names.map(() => 'OK\n'),
  )
  for (const name of names) assert.match(await at.ask(auth('imap', 'login', name, `new-${name}`)), /^UID=7\n/, name)
})

daemons('46, 71: DEFAULTOPTIONS are merged', async () => {
  const options = (reply: string) => /^OPTIONS=(.*)$/m.exec(reply)?.[1]
  for (const [defaultOptions, ann, bob] of [
    ['disableimap=1,sharedgroup=south', 'sharedgroup=north,disableimap=1', 'disableimap=1,sharedgroup=south'],
    ['group=a,group=b', 'sharedgroup=north,group=a', 'group=a,group=b'],
    [',a,,b=1,', 'sharedgroup=north,a,b=1', ',a,,b=1,'],
  ] as const) {
    await using at = await daemon({defaultOptions})
    assert.is(options(await at.ask('PRE . imap ann@corp.example\n')), ann)
    assert.is(options(await at.ask('PRE . imap bob\n')), bob)
  }
})

daemons('47: a pipe program that refuses lets the next source answer, one that ends without an answer does not', async () => {
  const modules = ['authpipe', 'authuserdb']
  const reading = '#!/bin/sh\nwhile read -r line; do case $line in AUTH*|PRE*) '
  await using refusing = await daemon({modules, authProg: `${reading}echo FAIL;; esac; done\n`})
  assert.is(await refusing.ask(ANN_LOGIN), ANN('PASSWD2=secret\n'))
  await using ending = await daemon({modules, authProg: `${reading}exit 0;; esac; done\n`})
  assert.is(await ending.ask(ANN_LOGIN), NOTHING)
  assert.is(await ending.ask('PRE . imap bob\n'), NOTHING)
})

daemons('48: unknown modules are left out, new databases count at once', async () => {
  await using at = await daemon({modules: ['authnosuch', 'authuserdb']})
  assert.is(await at.ask('PRE . imap bob\n'), BOB)
  await at.userdb(ACCOUNTS.replace('5002', '5003'))
  assert.is(await at.ask('PRE . imap bob\n'), BOB.replace('5002', '5003'))
})

daemons('63, 64, 65: empty values are told, absent ones are not; each service has its password', async () => {
  const userdb =
    'e\tuid=1|gid=1|home=/x|mail|quota=|gecos=|options=\nn\tuid=1|gid=1\ns p\tuid=1|gid=1|home=/h\ni\tuid=1|gid=1|home=/h|imappw=x|imapspw={MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==\n'
  await using at = await daemon({userdb})
  assert.is(await at.ask('PRE . imap e\n'), 'UID=1\nGID=1\nHOME=/x\nADDRESS=e\nNAME=\nMAILDIR=\nQUOTA=\n.\n')
  assert.is(await at.ask('PRE . imap n\n'), FAIL)
  assert.is(await at.ask('PRE . imap s p\n'), 'UID=1\nGID=1\nHOME=/h\nADDRESS=s p\n.\n')
  assert.is(await at.ask('PRE . imap s p \n'), FAIL)
  assert.match(await at.ask(auth('imaps', 'login', 'i', 'secret')), /PASSWD2=secret\n\.\n$/)
  assert.is(await at.ask(auth('imap', 'login', 'i', 'secret')), FAIL)
})

daemons('67: a client that stops in the middle is closed without an answer', async () => {
  await using at = await daemon({times: {readMs: 60, requestMs: 5_000, writeMs: 5_000, closingMs: 100}})
  for (const part of ['AUTH 35\nimap\nlogin\n', 'PRE . im', '']) assert.is(await at.ask(part), NOTHING)
})

daemons('a client that sends metadata without end is closed, however slowly it does', async () => {
  await using at = await daemon({times: {readMs: 1_000, requestMs: 150, writeMs: 1_000, closingMs: 100}})
  const socket = connect(at.socket)
  const timer = setInterval(() => socket.write('A=B\n'), 20)
  // However it closes: what it has not read makes that a reset.
  await new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .on('close', resolve)
      .resume(),
  )
  clearInterval(timer)
  assert.is(await at.ask(`${`A=${'x'.repeat(8000)}\n`.repeat(9)}PRE . imap bob\n`), NOTHING)
  assert.is(await at.ask('PRE . imap bob\n'), BOB)
})

daemons('69: without databases there are no accounts, with damaged ones there is no answer', async () => {
  await using at = await daemon()
  await rm(at.path('userdbshadow.lmdb'))
  assert.is(await at.ask('PRE . imap ann@corp.example\n'), ANN().replace(/^PASSWD=.*\n/m, ''))
  assert.is(await at.ask(ANN_LOGIN), FAIL)
  await rm(at.path('userdb.lmdb'))
  assert.is(await at.ask('PRE . imap ann@corp.example\n'), FAIL)
  // Courier: FAIL. A damaged file is no reason to bounce mail.
  await writeFile(at.path('userdb.lmdb'), 'no database')
  assert.is(await at.ask('PRE . imap ann@corp.example\n'), NOTHING)
  assert.is(await at.ask(ANN_LOGIN), NOTHING)
})

daemons('the socket is open to all, its directory is not; a socket that was left behind is replaced', async () => {
  await using at = await daemon()
  assert.is((await stat(at.socket)).mode & 0o777, 0o777)
  assert.is((await stat(at.path('run'))).mode & 0o777, 0o750)
  assert.is(at.opening, 'opened')
  const left = createServer().listen(at.path('made'))
  await once(left, 'listening')
  await rename(at.path('made'), at.path('left'))
  left.close()
  const answers = () => assert.unreachable() as never
  const server = new DaemonServer({path: at.path('left'), answers, log: at.log})
  assert.is(await server.open(), 'opened')
  await server.stop(10)
  assert.is(await stat(at.path('left')).catch(() => 'gone'), 'gone')
})

daemons('names and passwords that no account can have are refused, and nothing breaks', async () => {
  await using at = await daemon()
  const long = 'x'.repeat(8000)
  for (const user of [
    long,
    'a\tb',
    'b\x7fb',
    '\xff\xfe',
    'bob\r',
    "'",
    '"; DROP',
    '%s%n',
    '*',
    ')(',
    '../../etc/passwd',
    ' ',
    '#',
    '.',
    '5001=',
  ])
    for (const request of [auth('imap', 'login', user, 'secret'), `PRE . imap ${user}\n`])
      assert.is(await at.ask(request), FAIL, user.slice(0, 20))
  for (const password of [long, '\x01', '\xff', 'a\tb', '=', '.']) assert.is(await at.ask(auth('imap', 'login', 'bob', password)), FAIL)
  for (const service of ['', '\xff', 'x y', '../', long.slice(0, 500)])
    assert.match(await at.ask(auth(service, 'login', 'bob', 'secret')), /^(FAIL\n)$/)
  for (const broken of [
    'PRE . imap b\0b\n',
    'AUTH 22\nimap\nlogin\nbob\nsec\0et\n',
    'PASSWD imap\tbob\0\ta\tb\n',
    'A=\0\nPRE . imap bob\n',
    '\0\n',
  ])
    assert.is(await at.ask(broken), NOTHING, JSON.stringify(broken))
  for (const request of [
    'PASSWD imap\tbob\x01\ta\tb\n',
    'PASSWD imap\tbob\ta\rb\tc\n',
    'PASSWD imap\t\ta\tb\n',
    'PASSWD imap\tbob\tsecret\t\n',
  ])
    assert.is(await at.ask(request), FAIL, JSON.stringify(request))
  assert.is(await at.ask('AUTH ENUMERATE\n'), NOTHING)
  assert.is(await at.ask(auth('ENUMERATE', 'login', 'bob', 'pop-pw')).then((reply) => reply.startsWith('UID=5002\n')), true)
})

const REFUSED: ModuleResult = {outcome: 'refused'}
const ACCOUNT = {address: 'x', uid: 7, gid: 8, home: '/h', maildir: undefined, quota: undefined, fullName: undefined, options: undefined}

function source(name: string, rest: Partial<AuthModule>): AuthModule {
  return {
    name,
    check: async () => REFUSED,
    find: async () => REFUSED,
    health: async () => ({usable: true}),
    close: async () => undefined,
    ...rest,
  }
}

daemons('a source that is down gets no answer, unless one before it has accepted', async () => {
  const down: ModuleResult = {outcome: 'unavailable', reason: 'down'}
  const found: ModuleResult = {outcome: 'accepted', account: ACCOUNT}
  const good = source('good', {check: async () => found, find: async (_, user) => (user === 'x' ? found : REFUSED)})
  const bad = source('bad', {
    check: async () => down,
    find: async () => down,
    changePassword: async () => ({outcome: 'unavailable', reason: 'down'}),
  })
  const buggy = source('buggy', {
    find: () => {
      throw new Error('bug')
    },
  })
  await using first = await daemon({sources: [good, bad]})
  assert.is(await first.ask('PRE . imap x\n'), 'UID=7\nGID=8\nHOME=/h\nADDRESS=x\n.\n')
  assert.is(await first.ask('PRE . imap y\n'), NOTHING)
  assert.is(await first.ask('PRE good imap y\n'), FAIL)
  assert.is(await first.ask('PASSWD imap\tx\ta\tb\n'), FAIL)
  await using second = await daemon({sources: [bad, good]})
  assert.is(await second.ask(auth('imap', 'login', 'x', 'y')), NOTHING)
  await using third = await daemon({sources: [buggy, good]})
  assert.is(await third.ask('PRE . imap x\n'), NOTHING)
})

daemons('what would be read as other attributes, or not at all, is not told', async () => {
  const log: string[] = []
  for (const [account, reply] of [
    [{...ACCOUNT, fullName: 'A\nUID=0'}, NOTHING],
    [{...ACCOUNT, home: '/h\0'}, FAIL],
    [{...ACCOUNT, passwordHash: new Secret('x'.repeat(9000))}, NOTHING],
    [{...ACCOUNT, uid: 0}, FAIL],
    [{...ACCOUNT, gid: 0}, FAIL],
    [{...ACCOUNT, home: 'relative'}, FAIL],
    [{...ACCOUNT, systemUser: 'sys'}, 'USERNAME=sys\nGID=8\nHOME=/h\nADDRESS=x\n.\n'],
    [{...ACCOUNT, fullName: 'Jörg, x', maildir: '/m\xff'}, 'UID=7\nGID=8\nHOME=/h\nADDRESS=x\nNAME=J\xc3\xb6rg\nMAILDIR=/m\xc3\xbf\n.\n'],
  ] as const) {
    await using at = await daemon({sources: [source('one', {find: async () => ({outcome: 'accepted', account})})]})
    assert.is(await at.ask('PRE . imap x\n'), reply)
    log.push(...at.log.lines)
  }
  assert.is(log.length, 6)
})

daemons('other types of authentication are asked where they belong, with their data as it came', async () => {
  const authenticators = new Map([
    [
      'cram-md5',
      async ({service, data, remote}: {service: string; data: Secret; remote: string}): Promise<ModuleResult> =>
        `${service}/${data.reveal()}/${remote}` === 'imap/Y2g=\ncmVz\n/192.0.2.3' ? {outcome: 'accepted', account: ACCOUNT} : REFUSED,
    ],
  ])
  await using at = await daemon({authenticators})
  assert.match(await at.ask(`TCPREMOTEIP=192.0.2.3\n${auth('imap', 'cram-md5', 'Y2g=', 'cmVz')}`), 'UID=7')
  assert.is(await at.ask(auth('imap', 'cram-md5', 'Y2g=', 'cmVz')), FAIL)
  assert.is(await at.ask(auth('imap', 'CRAM-MD5', 'Y2g=', 'cmVz')), FAIL)
})

daemons('ENUMERATE names every source that can list; one that fails leaves the last line away', async () => {
  async function* many() {
    for (let number = 1; number <= 3000; number += 1)
      yield {
        name: `user${number}`,
        uid: number,
        gid: 5,
        home: `/home/${number}`,
        maildir: undefined,
        options: number === 1 ? 'a=1' : undefined,
      }
    yield {name: 'bad\tname', uid: 1, gid: 1, home: '/', maildir: undefined, options: undefined}
  }
  async function* failing() {
    yield* many()
    throw new Error('gone')
  }
  await using at = await daemon({sources: [source('none', {}), source('many', {enumerate: many})], defaultOptions: 'b=2'})
  const lines = (await at.ask('ENUMERATE\n')).split('\n')
  assert.equal(lines.slice(0, 4), ['# many', '', 'user1\t1\t5\t/home/1\t\ta=1,b=2', 'user2\t2\t5\t/home/2\t\tb=2'])
  assert.equal(lines.slice(-3), ['user3000\t3000\t5\t/home/3000\t\tb=2', '.', ''])
  await using broken = await daemon({sources: [source('bad', {enumerate: failing}), source('many', {enumerate: many})]})
  assert.match(await broken.ask('ENUMERATE\n'), /^# bad\n\nuser1\t1\t5\t[^#]*[^.]\n$/)
  await using empty = await daemon({sources: []})
  assert.is(await empty.ask('ENUMERATE x\n'), '.\n')
  assert.is(await empty.ask(ANN_LOGIN), FAIL)
})

daemons('a client that does not read ENUMERATE is cut, others are served meanwhile', async () => {
  let stopped = false
  async function* endless() {
    try {
      for (let uid = 1; ; uid += 1) yield {name: 'x'.repeat(500), uid, gid: 5, home: '/', maildir: undefined, options: undefined}
    } finally {
      stopped = true
    }
  }
  await using at = await daemon({
    sources: [source('endless', {enumerate: endless})],
    times: {readMs: 1000, requestMs: 1000, writeMs: 100, closingMs: 100},
  })
  const slow = connect(at.socket)
  slow.on('error', () => undefined)
  slow.write('ENUMERATE\n')
  assert.is(await at.ask('PRE . imap bob\n'), FAIL)
  while (!stopped) await new Promise((resolve) => setTimeout(resolve, 10))
  slow.destroy()
})

daemons('a hundred clients at once are all answered', async () => {
  await using at = await daemon()
  const replies = await Promise.all(
    Array.from({length: 100}, (_, index) => at.ask(index % 2 ? ANN_LOGIN : 'PRE . imap bob\n', {half: index % 3 === 0})),
  )
  for (const [index, reply] of replies.entries()) assert.is(reply, index % 2 ? ANN('PASSWD2=secret\n') : BOB)
})

daemons('a request means the same however its octets are cut, and any octets are read or refused', () => {
  const pieces = fc.oneof(
    fc.constantFrom('AUTH 35\n', 'AUTH ', 'PRE . imap bob', 'PASSWD a\tb\tc\td', 'ENUMERATE', 'A=B', '\n', ' ', '=', '12', '\0', '\t'),
    fc.string({maxLength: 20}),
  )
  const summary = (reading: unknown) => JSON.stringify(reading)
  fc.assert(
    fc.property(fc.array(pieces, {maxLength: 12}), fc.array(fc.nat(30), {maxLength: 12}), (parts, cuts) => {
      const octets = Buffer.from(parts.join(''), 'latin1')
      const whole = new RequestReader().push(octets)
      const reader = new RequestReader()
      let reading: ReturnType<RequestReader['push']>
      let rest = octets
      for (const cut of [...cuts, octets.length]) {
        reading = reader.push(rest.subarray(0, cut))
        rest = rest.subarray(cut)
        if (reading !== undefined) break
      }
      assert.is(summary(reading), summary(whole))
    }),
    {numRuns: 500},
  )
})

daemons('a daemon that answers keeps its socket, another kind of file too', async () => {
  await using at = await daemon()
  const options = {path: at.socket, answers: () => assert.unreachable() as never, log: at.log}
  const second = new DaemonServer(options)
  assert.is(await second.open(), 'taken')
  await second.stop(10)
  assert.is(await at.ask('PRE . imap bob\n'), BOB)
  await mkdir(at.path('other'))
  await writeFile(at.path('other', 'socket'), 'text')
  const third = new DaemonServer({...options, path: join(at.directory, 'other', 'socket')})
  await third.open().then(assert.unreachable, (error: Error) => assert.match(error.message, 'Another file is in its place'))
  const fourth = new DaemonServer({...options, path: join(at.directory, 'x'.repeat(120), 'socket')})
  await fourth.open().then(assert.unreachable, (error: Error) => assert.match(error.message, '107 octets'))
  await at.server.stop(100)
  await askSocket(at.socket, '').then(assert.unreachable, (error: Error) => assert.match(error.message, 'ENOENT'))
})

daemons.run()
