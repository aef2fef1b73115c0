/**
 * No password appears where it must not, at a whole server: every mechanism, the daemon's socket and the administrator's commands with a
 * marker as the password, while all that comes out is kept: both forms of the log, syslog, traces, figures, files, command lines.
 */
import {createHmac} from 'node:crypto'
import {chmod, mkdir, readdir, readFile} from 'node:fs/promises'
import {connect, type Socket} from 'node:net'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {connect as connectTls, TLSSocket} from 'node:tls'
import * as assert from 'uvu/assert'
import {hmacContext} from '../../src/auth/hmac/context.js'
import {formatScramSecret, makeScramSecret} from '../../src/auth/scram/secret.js'
import {addAppPassword} from '../../src/services/app-passwords.js'
import {followTrace, traceText} from '../../src/services/control/follow-trace.js'
import {askSessions, sessionsText} from '../../src/services/control/show-sessions.js'
import {askStatus, type ServerStatus, statusText} from '../../src/services/control/show-status.js'
import {userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {runTool} from '../commands/support/run-tool.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {runProgram} from '../support/run-program.js'
import {type SaslHost, saslHost} from '../support/sasl-host.js'
import {freePorts} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {askSocket, auth} from './support/daemon.js'
import {assertClean, MARKER, NEXT_MARKER, watchProcesses} from './support/marker.js'
import {ScramClient} from './support/sasl-client.js'

const secrets = suite('No secrets in what a server lets out', {limitMs: 60_000})
const withPython = secrets.when(hasPython, 'there is no Python')

const coded = (text: string | Buffer) => Buffer.from(text).toString('base64')

/** Ann's record: a weak hash, so that a login renews it, and a secret for each mechanism. */
async function record(): Promise<string> {
  const hash = (await runTool(userdbpwTool, {args: ['-md5'], input: MARKER})).out.trim()
  const password = Buffer.from(MARKER)
  const contexts = (['md5', 'sha1', 'sha256'] as const).map((digest) => `hmac-${digest}pw=${hmacContext(digest, password)}`)
  const [uid, gid] = process.getuid?.() === 0 ? [65_534, 65_534] : [process.getuid?.(), process.getgid?.()]
  return ['ann', 'scram']
    .map((user) => {
      const scram = formatScramSecret(makeScramSecret(password, {salt: Buffer.from('0123456789abcdef'), iterations: 4096}))
      const fields = [`uid=${uid}`, `gid=${gid}`, 'home=/', 'mail=MAILDIR', `systempw=${hash}`, ...contexts]
      return `${user}\t${[...fields, ...(user === 'scram' ? [`scram-sha-256pw=${scram}`] : [])].join('|')}\n`
    })
    .join('')
}

/** One connection: a line, or what to answer to the last line of the server. */
type Step = string | ((answer: string, socket: Socket) => string)

function dialogue(open: () => Socket, steps: readonly Step[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open()
    const waiting = [...steps]
    let text = ''
    let seen = 0
    socket.setTimeout(20_000, () => socket.destroy(new Error(`No answer after "${text}"`)))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const lines = text.slice(seen).split('\r\n').slice(0, -1)
      seen = text.lastIndexOf('\r\n') + 2
      const last = lines.findLast((line) => !line.startsWith('* ') || /^\* (OK|BYE|BAD)/.test(line))
      if (last === undefined) return
      const step = waiting.shift()
      if (step === undefined) socket.end()
      else socket.write(`${typeof step === 'string' ? step : step(last, socket)}\r\n`)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

/** The challenge in `+ …`. */
const challengeOf = (line: string) => Buffer.from(line.replace(/^\+ ?/, ''), 'base64')

function cram(mechanism: string, digest: string, user: string): readonly Step[] {
  const answer = (line: string) => coded(`${user} ${createHmac(digest, MARKER).update(challengeOf(line)).digest('hex')}`)
  return [`a AUTHENTICATE ${mechanism}`, answer, 'b LOGOUT']
}

function scram(user: string, password: string): readonly Step[] {
  const client = new ScramClient({user, password})
  return [
    `a AUTHENTICATE SCRAM-SHA-256 ${coded(client.first)}`,
    (line) => coded(client.final(challengeOf(line))),
    (line) => (line.startsWith('+') ? '' : 'b NOOP'),
    'c LOGOUT',
  ]
}

/** Bound to the channel (RFC 9266); in clear there is nothing to bind to, and the server ends it. */
function scramPlus(user: string, password: string): readonly Step[] {
  let client: ScramClient | undefined
  return [
    (_, socket) => {
      const bindingData =
        socket instanceof TLSSocket ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) : Buffer.alloc(32)
      client = new ScramClient({user, password, header: 'p=tls-exporter,,', bindingData})
      return `a AUTHENTICATE SCRAM-SHA-256-PLUS ${coded(client.first)}`
    },
    (line) => (line.startsWith('+') && client ? coded(client.final(challengeOf(line))) : 'b NOOP'),
    (line) => (line.startsWith('+') ? '' : 'c NOOP'),
    'd LOGOUT',
  ]
}

function conversations(token: string, app: string): readonly (readonly Step[])[] {
  const bearer = (text: string) => coded(`n,a=ann,\x01auth=Bearer ${text}\x01\x01`)
  return [
    [`a LOGIN ann ${MARKER}`, 'b LOGOUT'],
    [`a LOGIN nobody ${MARKER}`, `b LOGIN ann ${MARKER}x`],
    [`a LOGIN ann "${MARKER}`, `b LOGIN ann ${MARKER} ${MARKER}`, `c LOGIN {3}`, `ann {${MARKER.length}}`, MARKER, 'd LOGOUT'],
    [`a LOGIN ann ${app}`, 'b LOGOUT'],
    [`a AUTHENTICATE PLAIN ${coded(`\0ann\0${MARKER}`)}`, 'b LOGOUT'],
    ['a AUTHENTICATE PLAIN', `${coded(`\0ann\0${MARKER}`)}!`, 'b AUTHENTICATE PLAIN', coded(`x\0ann\0${MARKER}`), 'c LOGOUT'],
    ['a AUTHENTICATE LOGIN', coded('ann'), coded(MARKER), 'b LOGOUT'],
    ['a AUTHENTICATE LOGIN', coded('ann'), '*', 'b AUTHENTICATE LOGIN', coded('ann'), `${coded(MARKER)}!`, 'c LOGOUT'],
    cram('CRAM-MD5', 'md5', 'ann'),
    cram('CRAM-SHA1', 'sha1', 'ann'),
    cram('CRAM-SHA256', 'sha256', 'nobody'),
    ['a AUTHENTICATE CRAM-MD5', coded(`ann ${MARKER}`), 'b LOGOUT'],
    scram('scram', MARKER),
    scram('ann', MARKER),
    scram('scram', NEXT_MARKER),
    scramPlus('scram', MARKER),
    scramPlus('ann', MARKER),
    scramPlus('scram', NEXT_MARKER),
    [`a AUTHENTICATE SCRAM-SHA-256 ${coded(`n,,n=ann,r=${MARKER}`)}`, coded(MARKER), 'b LOGOUT'],
    [`a AUTHENTICATE OAUTHBEARER ${bearer(token)}`, '', 'b LOGOUT'],
    [`a AUTHENTICATE OAUTHBEARER ${bearer(MARKER)}`, '', 'b LOGOUT'],
    [`a AUTHENTICATE XOAUTH2 ${coded(`user=ann\x01auth=Bearer ${token}x\x01\x01`)}`, '', 'b LOGOUT'],
    [`a AUTHENTICATE EXTERNAL ${coded(MARKER)}`, 'b LOGOUT'],
    [`a AUTHENTICATE ${MARKER} ${MARKER}`, 'b LOGOUT'],
  ]
}

/** The daemon's requests; answers to good ones hold the password, as the protocol has it. */
async function askDaemon(host: SaslHost): Promise<string> {
  const ask = (text: string) => askSocket(host.path('authdaemon', 'socket'), text)
  const good = await ask(auth('imap', 'login', 'ann', MARKER))
  assert.match(good, `PASSWD2=${MARKER}\n`)
  let text = good.replace(`PASSWD2=${MARKER}\n`, '')
  for (const request of [
    auth('imap', 'login', 'ann', `${MARKER}x`),
    auth('imap', MARKER, MARKER, MARKER),
    auth('imap', 'cram-md5', coded('<1@x>'), coded(`ann ${MARKER}`)),
    `AUTH ${12 + MARKER.length}\nimap\nlogin\n${MARKER}\0`,
    `PRE . imap ${MARKER}\n`,
    `${MARKER} ${MARKER}\n`,
    `PASSWD imap\tann\t${MARKER}x\t${NEXT_MARKER}\n`,
    `PASSWD imap\tann\t${MARKER}\t${NEXT_MARKER}|\n`,
    `PASSWD imap\tann\t${MARKER}\t${NEXT_MARKER}\n`,
    `PASSWD imap\tann\t${NEXT_MARKER}\t${MARKER}\n`,
    'ENUMERATE\n',
  ])
    text += await ask(request)
  return text
}

async function filesBelow(directory: string): Promise<string> {
  let text = ''
  const entries = await readdir(directory, {recursive: true, withFileTypes: true})
  for (const entry of entries) if (entry.isFile()) text += await readFile(join(entry.parentPath, entry.name), 'latin1')
  return text
}

/** The control socket comes a moment after the ports. */
async function statusOf(run: string): Promise<ServerStatus[]> {
  for (let left = 100; ; left -= 1) {
    try {
      return await askStatus({run})
    } catch (error) {
      if (left === 0) throw error
      await sleep(50)
    }
  }
}

/** What the administrator's commands and the page of the figures show. */
async function inspected({server}: SaslHost, metricsPort: number): Promise<string> {
  const {run} = server
  const status = await statusOf(run)
  const sessions = await askSessions(undefined, {run})
  const metrics = await dialogue(
    () =>
      connect(metricsPort, '127.0.0.1').on('connect', function (this: Socket) {
        this.write('GET /metrics HTTP/1.0\r\n\r\n')
      }),
    [],
  )
  assert.match(metrics, 'courier_')
  return [
    JSON.stringify(status),
    ...status.map((each) => statusText(each, Date.now())),
    JSON.stringify(sessions),
    sessionsText(sessions, Date.now()),
    metrics,
  ].join('\n')
}

async function walk(staysRoot: boolean): Promise<void> {
  const [metricsPort = 0] = await freePorts(1)
  let app = ''
  let syslog: DatagramListener | undefined
  await using host = await saslHost({
    userdb: await record(),
    imapd: {METRICS_ADDRESS: String(metricsPort), MAXPERIP: '60', MAILUSER: 'nobody'},
    authdaemonrc: {REHASH: 'yescrypt scram-sha-256', LOGIN_DELAY_AFTER: '0', DEBUG_LOGIN: '2', OAUTH_ISSUER: '', OAUTH_USER_CLAIM: 'name'},
    args: ['--debug', '--log', 'syslog:DIRECTORY/log', '--log-json', 'DIRECTORY/log.json'],
    env: (directory) => ({COURIER_STATE: join(directory, 'state'), COURIER_CACHE: join(directory, 'cache')}),
    staysRoot,
    async prepare(directory) {
      await mkdir(join(directory, 'state'), {mode: 0o700})
      app = await addAppPassword(join(directory, 'state'), {account: 'ann', name: 'phone', services: [], expires: undefined})
      syslog = await DatagramListener.open(join(directory, 'log'))
      await chmod(join(directory, 'log'), 0o777)
    },
  })
  const processes = watchProcesses()
  const end = new AbortController()
  let output = ''
  const keep = (text: string) => {
    output += text
  }
  const token = host.token({name: 'ann', secret: MARKER})
  try {
    const {run} = host.server
    keep(await inspected(host, metricsPort))
    const following = followTrace({user: 'ann', contents: true}, {run, signal: end.signal}, (item) =>
      keep(JSON.stringify(item) + traceText(item)),
    )
    const open = [
      () => connect(host.port, '127.0.0.1'),
      () => connectTls({port: host.tlsPort, host: '127.0.0.1', rejectUnauthorized: false}),
    ]
    const talks = open.flatMap((each) => conversations(token, app).map((steps) => dialogue(each, steps)))
    const answers = await Promise.all(talks)
    assert.ok(answers.filter((answer) => /^a OK/m.test(answer)).length > 12, answers.join('\n'))
    assert.ok(answers.filter((answer) => /^a NO/m.test(answer)).length > 12, answers.join('\n'))
    const [plain, bound] = [answers.slice(0, answers.length / 2), answers.slice(answers.length / 2)]
    const place = conversations(token, app).findIndex(([first]) => typeof first !== 'string')
    assert.match(plain[place] ?? '', /^a NO/m)
    assert.match(bound[place] ?? '', /^a OK/m)
    keep(answers.join('\n'))
    keep(await askDaemon(host))
    keep(await inspected(host, metricsPort))
    end.abort()
    await following
    const env = {COURIER_CONFIG: host.directory, COURIER_STATE: host.path('state'), COURIER_RUN: run}
    const commands = [['lastlogin'], ['ban', 'list'], ['apppw', 'list'], ['auth', 'explain', 'ann']]
    const shown = commands.map((words) => runProgram(process.execPath, ['bin/run.js', ...words], {env}))
    for (const {stdout, stderr} of await Promise.all(shown)) keep(stdout + stderr)
    assert.match(output, 'phone')
  } finally {
    end.abort()
    assertClean(processes.stop().replaceAll(app, MARKER), 'a command line or environment')
    host.server.child.kill('SIGTERM')
    await host.server.ended()
    await syslog?.[Symbol.asyncDispose]()
  }
  keep(host.server.output() + host.server.errors())
  const lines = syslog?.received.join('\n') ?? ''
  assert.match(lines, 'LOGIN FAILED')
  assert.match(await readFile(host.path('log.json'), 'utf8'), '"event":"imap.login"')
  // Everything that is left behind: both logs, state, cache, the text and the databases.
  keep(lines + (await filesBelow(host.directory)))
  for (const secret of [app, app.replaceAll('-', ''), token.split('.')[2] ?? '']) output = output.replaceAll(secret, MARKER)
  assertClean(output, 'something')
}

withPython('in one process', () => walk(false))

const asRoot = secrets.when(hasPython && process.getuid?.() === 0, 'not root, or no Python')
asRoot('in processes of their own', () => walk(true))

secrets.run()
