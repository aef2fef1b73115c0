/** Other programs ask our daemon, and we ask a real one. */
import {once} from 'node:events'
import {chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {DaemonAnswers} from '../../src/auth/daemon/answer.js'
import {cramLogins} from '../../src/auth/daemon/cram-logins.js'
import {DaemonServer} from '../../src/auth/daemon/daemon-server.js'
import {authdaemon} from '../../src/auth/modules/authdaemon/authdaemon.js'
import {Secret} from '../../src/log/secret.js'
import {startAuth} from '../../src/services/start-auth.js'
import {isAnswered} from '../../src/support/unix-socket.js'
import {ACCOUNTS, askSocket, auth} from '../auth/support/daemon.js'
import {compile, recordingLog} from '../auth/support/scratch.js'
import {canMount, type PrivateCourier, privateCourier} from '../support/private-courier.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const interop = suite('Other programs and authdaemond', {limitMs: 30_000})

const CHALLENGE = 'PDAxMjM0NTY3ODlBQkNERUYwMTIzNDU2Nzg5QUJDREVGQG1haWwuZXhhbXBsZS5jb20+'
const RESPONSE = 'YW5uQGNvcnAuZXhhbXBsZSBmYjdkZjg4YzQ2OWIwMDJkNzMzN2M3N2I5MjM0ZTlhNQ=='
const REAL_DAEMON = '/usr/lib/courier/courier-authlib/authdaemond'
const isolated = canMount()
const withTools = isolated && isInstalled('/usr/sbin/authtest')
const NO_TOOLS = 'authtest (courier-authlib) is not installed, or no private mounts'

/** Our daemon at the place where the programs look for one. */
async function ours(userdb = ACCOUNTS): Promise<PrivateCourier> {
  const place = await privateCourier({userdb})
  assert.equal(await compile(join(place.etc, 'userdb')), [])
  const log = recordingLog()
  const defaultDomain = {domain: '', separators: undefined}
  const role = startAuth(
    {directory: place.etc, modules: ['authuserdb'], defaultOptions: '', defaultMaildir: './Maildir', defaultDomain},
    log,
  )
  const answers = new DaemonAnswers({
    modules: role.modules,
    defaults: {options: '', maildir: './Maildir'},
    authenticators: cramLogins(role.modules),
    log,
  })
  const server = new DaemonServer({path: place.socket, answers: () => answers, log})
  assert.is(await server.open(), 'opened')
  return {
    ...place,
    async [Symbol.asyncDispose]() {
      await server.stop(100)
      await role.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

/** Debian's authdaemond with the same accounts. */
async function real(): Promise<PrivateCourier> {
  const authdaemonrc = 'authmodulelist="authuserdb"\ndaemons=3\nDEBUG_LOGIN=0\nDEFAULTOPTIONS=""\n'
  const place = await privateCourier({userdb: ACCOUNTS, authdaemonrc})
  assert.equal(await place.program('/usr/sbin/makeuserdb', []), {code: 0, stdout: '', stderr: ''})
  place.start(REAL_DAEMON)
  while (!(await isAnswered(place.socket))) await new Promise((done) => setTimeout(done, 20))
  return place
}

interop.when(withTools, NO_TOOLS)('30.7: authtest of Debian', async () => {
  await using at = await ours()
  assert.equal(await at.program('/usr/sbin/authtest', ['ann@corp.example', 'secret']), {
    code: 0,
    stdout: [
      'Authentication succeeded.',
      '',
      '     Authenticated: ann@corp.example  (uid 5001, gid 5001)',
      '    Home Directory: /srv/mail/ann',
      '           Maildir: ./Maildir',
      '             Quota: 5000000S',
      'Encrypted Password: {SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
      'Cleartext Password: secret',
      '           Options: sharedgroup=north',
      '',
    ].join('\n'),
    stderr: '',
  })
  for (const args of [['nosuch'], ['ann@corp.example', 'bad'], ['-s', 'imap', 'bob', 'pop-pw']]) {
    const {code, stdout, stderr} = await at.program('/usr/sbin/authtest', args)
    assert.equal([code, stdout, stderr], [1, '', 'Authentication FAILED: Operation not permitted\n'])
  }
  assert.match((await at.program('/usr/sbin/authtest', ['-s', 'pop3', 'bob', 'pop-pw'])).stdout, 'Cleartext Password: pop-pw')
  assert.equal(await at.program('/usr/sbin/authtest', ['ann@corp.example', 'secret', 'newpw']), {
    code: 0,
    stdout: '',
    stderr: 'Password change succeeded.\n',
  })
  assert.is((await at.program('/usr/sbin/authtest', ['ann@corp.example', 'newpw'])).code, 0)
})

interop.when(withTools, NO_TOOLS)('30.7: authenumerate of Debian', async () => {
  await using at = await ours()
  const {code, stdout} = await at.program('/usr/sbin/authenumerate', ['-o'])
  assert.is(code, 0)
  assert.equal(stdout.split('\n').sort(), [
    '',
    'ann@corp.example\t5001\t5001\t/srv/mail/ann\t./Maildir\tsharedgroup=north',
    'bob\t5002\t5001\t/srv/mail/bob\t\t',
  ])
})

const withMaildrop = isolated && isInstalled('/usr/bin/maildrop')
interop.when(withMaildrop, 'maildrop is not installed, or no private mounts')('maildrop -d delivers to the account', async () => {
  await using at = await ours()
  chmodSync(at.directory, 0o755)
  const home = join(at.directory, 'ann')
  for (const path of ['', 'Box', 'Box/tmp', 'Box/new', 'Box/cur'].map((name) => join(home, name))) {
    mkdirSync(path, {mode: 0o700})
    chownSync(path, 5001, 5001)
  }
  writeFileSync(join(at.etc, 'userdb'), `ann\tuid=5001|gid=5001|home=${home}|mail=./Box\n`)
  assert.equal(await compile(join(at.etc, 'userdb')), [])
  const letter = 'From: a@example.com\nSubject: for ann\n\nhello\n'
  const {code, stderr} = await at.program('/usr/bin/maildrop', ['-d', 'ann'], {input: letter})
  assert.is(code, 0, stderr)
  const [name = ''] = readdirSync(join(home, 'Box/new'))
  assert.match(readFileSync(join(home, 'Box/new', name), 'utf8'), 'Subject: for ann')
  const unknown = await at.program('/usr/bin/maildrop', ['-d', 'nosuch'], {input: letter})
  assert.is(unknown.code, 67, 'EX_NOUSER')
})

const hasSasl = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].some((path) =>
  existsSync(join(path, 'libsasl2.so.2')),
)
interop.when(isolated && hasSasl && isInstalled('/usr/bin/python3'), 'no Cyrus SASL, python3 or private mounts')(
  'Cyrus SASL with pwcheck_method: authdaemond',
  async () => {
    await using at = await ours()
    writeFileSync(join(at.directory, 'courier.conf'), `pwcheck_method: authdaemond\nauthdaemond_path: ${at.socket}\n`)
    const input = 'bob\tpop-pw\nbob\tsecret\nann@corp.example\tsecret\nnobody\tx\nann@corp.example\twrong\n'
    const check = () => runProgram('python3', [resolve('test/support/sasl-checkpass.py')], {env: {SASL_CONF_PATH: at.directory}, input})
    assert.is((await check()).stdout, '0\n-13\n0\n-13\n-13\n')
  },
)

interop.when(isolated && isInstalled('/usr/sbin/exim4'), 'exim4 is not installed, or no private mounts')(
  'Exim with ${readsocket}, which closes its side first',
  async () => {
    await using at = await ours()
    const expand = (password: string) =>
      runProgram('/usr/sbin/exim4', ['-be', `\${readsocket{${at.socket}}{AUTH 22\\nexim\\nlogin\\nbob\\n${password}\\n}{5s}}`])
    assert.match((await expand('pop-pw')).stdout, /^UID=5002\nGID=5001\nHOME=\/srv\/mail\/bob\nADDRESS=bob\n/)
    assert.is((await expand('secret')).stdout.trim(), 'FAIL')
  },
)

const withReal = isolated && isInstalled(REAL_DAEMON) && isInstalled('/usr/sbin/makeuserdb')
const NO_REAL = "Debian's authdaemond is not installed, or no private mounts"

interop.when(withReal, NO_REAL)('accounts of a real authdaemond', async () => {
  await using at = await real()
  const module = authdaemon({path: at.socket, daemons: 3})
  const check = (user: string, password: string, service = 'imap') =>
    module.check({service, user, password: new Secret(password), remote: '192.0.2.1'})
  const ann = await check('ann@corp.example', 'secret')
  assert.is(ann.outcome, 'accepted')
  if (ann.outcome === 'accepted') {
    const {passwordHash: _, clearPassword: __, ...account} = ann.account
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
  }
  assert.is((await check('bob', 'pop-pw')).outcome, 'refused')
  assert.is((await check('bob', 'pop-pw', 'pop3')).outcome, 'accepted')
  assert.is((await module.find('imap', 'bob')).outcome, 'accepted')
  assert.is((await module.find('imap', 'nobody')).outcome, 'refused')
  const cram = await module.checkChallenge?.({
    service: 'imap',
    method: 'cram-md5',
    challenge: CHALLENGE,
    response: RESPONSE,
    remote: '',
  })
  assert.is(cram?.outcome, 'accepted')
  const names: string[] = []
  for await (const {name} of module.enumerate?.() ?? []) names.push(name)
  assert.equal(names.sort(), ['ann@corp.example', 'bob'])
  const many = await Promise.all(Array.from({length: 60}, (_, index) => check('bob', index % 2 ? 'secret' : 'wrong')))
  for (const [index, {outcome}] of many.entries()) assert.is(outcome, index % 2 ? 'accepted' : 'refused')
  const changing = {service: 'imap', user: 'bob', oldPassword: new Secret('secret'), newPassword: new Secret('other'), remote: ''}
  assert.equal(await module.changePassword?.(changing), {outcome: 'changed'})
  assert.is((await check('bob', 'other')).outcome, 'accepted')
  assert.is((await check('bob', 'secret')).outcome, 'refused')
  await module.close()
})

interop.when(withReal, NO_REAL)(
  'a real authdaemond keeps its socket; when it is gone, logins are unavailable until it is back',
  async () => {
    await using at = await real()
    const server = new DaemonServer({path: at.socket, answers: () => assert.unreachable() as never, log: recordingLog()})
    assert.is(await server.open(), 'taken')
    const role = startAuth(
      {
        directory: at.etc,
        modules: ['authdaemon'],
        defaultOptions: '',
        defaultMaildir: './Maildir',
        defaultDomain: {domain: '@corp.example', separators: undefined},
        daemonSocket: at.socket,
      },
      recordingLog(),
    )
    const login = async () => (await role.check({service: 'imap', user: 'ann', password: new Secret('secret'), remote: ''})).outcome
    assert.is(await login(), 'accepted')
    assert.is((await role.find('imap', 'bob'))?.uid, 5002)
    const [child] = at.children
    child?.kill('SIGTERM')
    if (child) await once(child, 'close')
    assert.is(await login(), 'unavailable')
    at.start(REAL_DAEMON)
    while (!(await isAnswered(at.socket))) await new Promise((done) => setTimeout(done, 20))
    assert.is(await login(), 'accepted')
    await role.close()
  },
)

/** Requests whose replies are the same octets from both. */
const REQUESTS = [
  'PRE . imap ann@corp.example\n',
  'PRE .   imap   bob\n',
  'PRE . imap bob \n',
  'PRE . imap \n',
  'PRE .    imap\n',
  'PRE  . imap nosuch\n',
  'PRE authuserdb imap bob\n',
  'PRE nomod imap bob\n',
  'PRE . imap b\xf6b\n',
  'PRE . imap 5001=\n',
  'PRE . imap bob\r\n',
  'pre . imap bob\n',
  auth('imap', 'login', 'ann@corp.example', 'secret'),
  auth('imap', 'login', 'ann@corp.example', 'wrong'),
  auth('imap', 'login', 'bob', ''),
  auth('', 'login', 'bob', 'pop-pw'),
  auth('imap', 'login', 'bob', 'secret', 'extra'),
  auth('imap', 'LOGIN', 'bob', 'secret'),
  auth('imap', 'foo', 'bob', 'secret'),
  auth('imap', 'login', 'bob', 'secret\r'),
  auth('imap', 'login', 'x'.repeat(8000), 'secret'),
  auth('imap', 'login', 'bob', 'x'.repeat(8000)),
  'AUTH  22x\nimap\nlogin\nbob\nsecret\n',
  'AUTH +22\nimap\nlogin\nbob\nsecret\n',
  'AUTH 21\nimap\nlogin\nbob\nsecret',
  'AUTH 0\n',
  'AUTH -1\n',
  'AUTH x\n',
  'AUTH 8192\n',
  auth('imap', 'cram-md5', CHALLENGE.replace('P', 'Q'), RESPONSE),
  auth('imap', 'cram-md5', CHALLENGE, 'junk'),
  auth('imap', 'CRAM-MD5', CHALLENGE, RESPONSE),
  'PASSWD imap\tx\ty\n',
  'PASSWD imap\tx\x01\ty\n',
  'PASSWD imap\tbob\x01\ta\tb\n',
  'PASSWD   \tnosuch\ta\tb\n',
  'PASSWD imap\tnosuch\ta\tb\tc\n',
  'PASSWD\n',
  'FOO\n',
  '\n',
  ' PRE . imap bob\n',
  '=x\nPRE=y\nTCPREMOTEIP=192.0.2.1\nPRE . imap bob\n',
  `A=${'x'.repeat(8188)}\nPRE . imap bob\n`,
  `A=${'x'.repeat(8189)}\nPRE . imap bob\n`,
]

interop.when(withReal, NO_REAL)('our daemon answers what the real one answers', async () => {
  await using theirs = await real()
  await using mine = await ours()
  for (const request of REQUESTS) {
    const how = {half: true}
    const expected = await askSocket(theirs.socket, request, how).catch(() => '')
    assert.is(await askSocket(mine.socket, request, how), expected, JSON.stringify(request.slice(0, 60)))
  }
})

interop.run()
