import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {connect as connectTls, type TLSSocket} from 'node:tls'
import {ImapFlow} from 'imapflow'
import * as assert from 'uvu/assert'
import {ScramClient} from '../auth/support/sasl-client.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {OTHER_USER, PASSWORD, type SaslHost, saslHost, USER} from '../support/sasl-host.js'
import {suite} from '../support/suite.js'
import {LineReader} from '../support/transcript.js'

const sasl = suite('SASL clients', {limitMs: 60_000})

const has = async (program: string, ...args: string[]) => (await runProgram(program, args)).code === 0
const gsasl = await has('gsasl', '--version')
const curl = await has('curl', '--version')
const python = await has('python3', '-c', 'import imaplib, ssl')
const openssl = await has('openssl', 'version')
const mutt =
  isInstalled('/usr/bin/mutt') && isInstalled('/usr/bin/script') && (await runProgram('mutt', ['-v'])).stdout.includes('+USE_GSASL')

/** Forced to a mechanism without channel binding, it would tell that it could have bound: that is taken for an attack. */
async function withGsasl(
  {port, path}: SaslHost,
  mechanism: string,
  {password, tls, more = []}: {readonly password: string; readonly tls: boolean; readonly more?: readonly string[]},
): Promise<string> {
  const binds = mechanism.endsWith('-PLUS')
  const way = tls ? [`--x509-ca-file=${path('server.pem')}`, ...(binds ? [] : ['--no-cb'])] : ['--no-starttls']
  const who = ['-a', USER, '-p', password, '--quiet']
  const {code, stdout, stderr} = await runProgram(
    'timeout',
    ['15', 'gsasl', '--imap', `--connect=localhost:${port}`, '-m', mechanism, ...who, ...way, ...more],
    {
      input: 'x NOOP\n',
    },
  )
  if (/ OK LOGIN Ok\./.test(stdout)) return 'logged in'
  return / NO \[AUTHENTICATIONFAILED\]/.test(stdout) ? 'refused' : `${code} ${stderr} ${stdout}`
}

sasl.when(gsasl, 'gsasl is not installed')('gsasl logs in with CRAM-MD5, SCRAM-SHA-256, and bound to the channel', async () => {
  await using host = await saslHost()
  for (const [mechanism, tls] of [
    ['CRAM-MD5', false],
    ['SCRAM-SHA-256', false],
    ['SCRAM-SHA-256', true],
    ['SCRAM-SHA-256-PLUS', true],
    ['PLAIN', false],
    ['LOGIN', true],
  ] as const) {
    assert.is(await withGsasl(host, mechanism, {password: PASSWORD, tls}), 'logged in', `${mechanism} ${tls ? 'with TLS' : 'in clear'}`)
  }
  const old = await withGsasl(host, 'SCRAM-SHA-256-PLUS', {password: PASSWORD, tls: true, more: ['--priority=NORMAL:-VERS-TLS1.3']})
  assert.is(old, 'logged in', 'bound to TLS 1.2')
  const wrong = ['CRAM-MD5', 'SCRAM-SHA-256'].map((mechanism) => withGsasl(host, mechanism, {password: 'wrong', tls: false}))
  assert.equal(await Promise.all(wrong), ['refused', 'refused'])
})

sasl.when(curl, 'curl is not installed')('curl logs in with CRAM-MD5, OAUTHBEARER, XOAUTH2, PLAIN and LOGIN', async () => {
  await using host = await saslHost()
  const run = async (url: string, ...args: string[]) => (await runProgram('curl', ['-sS', '-k', ...args, url])).code
  const [plain, secure] = [`imap://localhost:${host.port}/`, `imaps://localhost:${host.tlsPort}/`]
  const login = ['-u', `${USER}:${PASSWORD}`]
  for (const mechanism of ['CRAM-MD5', 'PLAIN', 'LOGIN']) {
    assert.is(await run(plain, ...login, '--login-options', `AUTH=${mechanism}`), 0, mechanism)
    assert.is(await run(secure, ...login, '--login-options', `AUTH=${mechanism}`, '--sasl-ir'), 0, mechanism)
  }
  for (const mechanism of ['OAUTHBEARER', 'XOAUTH2']) {
    const bearer = ['-u', `${USER}:`, '--oauth2-bearer', host.token(), '--login-options', `AUTH=${mechanism}`]
    assert.is(await run(secure, ...bearer), 0, mechanism)
    assert.is(await run(secure, ...bearer, '--sasl-ir'), 0, mechanism)
    assert.is(await run(plain, ...bearer, '--ssl-reqd'), 0, mechanism)
  }
  assert.is(await run(plain, '-u', `${USER}:wrong`, '--login-options', 'AUTH=CRAM-MD5'), 67)
})

sasl.when(mutt, 'mutt with gsasl, or script, is not installed')('mutt logs in with CRAM-MD5 and SCRAM-SHA-256', async () => {
  await using host = await saslHost()
  for (const [mechanism, user] of [
    ['cram-md5', USER],
    ['scram-sha-256', OTHER_USER],
  ]) {
    writeFileSync(
      host.path('muttrc'),
      `set imap_user=${user} imap_pass=${PASSWORD} imap_authenticators=${mechanism} ssl_starttls=no\nunset ssl_force_tls\n` +
        `set spoolfile=imap://localhost:${host.port}/INBOX folder=imap://localhost:${host.port}/ quit=yes sleep_time=0 wait_key=no\npush <quit>\n`,
    )
    const {stdout} = await runProgram('timeout', ['15', 'script', '-qec', `mutt -n -F ${host.path('muttrc')}`, '/dev/null'], {
      env: {HOME: host.directory, TERM: 'xterm', LC_ALL: 'C.UTF-8'},
    })
    assert.ok(
      host.server.errors().includes(`LOGIN, user=${user}`) || (await host.server.until(`LOGOUT, user=${user}`)),
      stdout.slice(-1_000),
    )
  }
})

sasl('imapflow logs in with PLAIN, LOGIN and a token', async () => {
  await using host = await saslHost()
  const {token, tlsPort: port} = host
  for (const auth of [
    {user: USER, pass: PASSWORD, loginMethod: 'AUTH=PLAIN'},
    {user: USER, pass: PASSWORD, loginMethod: 'AUTH=LOGIN'},
    {user: USER, accessToken: token()},
  ]) {
    const client = new ImapFlow({host: 'localhost', port, secure: true, tls: {rejectUnauthorized: false}, logger: false, auth})
    await client.connect()
    await client.noop()
    await client.logout()
  }
  const wrong = new ImapFlow({
    host: 'localhost',
    port,
    secure: true,
    tls: {rejectUnauthorized: false},
    logger: false,
    auth: {user: USER, accessToken: token({aud: 'another'})},
  })
  assert.match(await wrong.connect().then(String, (error: Error & {response?: unknown}) => JSON.stringify(error)), /AUTHENTICATIONFAILED/)
})

sasl.when(python, 'there is no python3 with imaplib and ssl')('imaplib logs in with CRAM and tokens, and sees every refusal', async () => {
  await using host = await saslHost()
  const args = [resolve('test/clients/sasl-session.py'), String(host.port), String(host.tlsPort), host.token()]
  const {code, stdout, stderr} = await runProgram('python3', args)
  assert.is(`${stderr}${stdout}${code}`, 'done\n0')
})

const mbsync = await has('mbsync', '--version')
sasl.when(mbsync, 'mbsync is not installed')('mbsync logs in with CRAM-MD5 and, through Cyrus SASL, SCRAM-SHA-256', async () => {
  await using host = await saslHost()
  mkdirSync(host.path('near'))
  for (const mechanism of ['CRAM-MD5', 'SCRAM-SHA-256']) {
    const account = `IMAPAccount a\nHost localhost\nPort ${host.port}\nUser ${USER}\nPass ${PASSWORD}\nSSLType None\nAuthMechs ${mechanism}\n\n`
    const stores = `IMAPStore far\nAccount a\n\nMaildirStore near\nPath ${host.path('near')}/\nInbox ${host.path('near')}/INBOX\n\n`
    writeFileSync(host.path('mbsyncrc'), `${account}${stores}Channel c\nFar :far:\nNear :near:\nPatterns INBOX\n`)
    const {code, stderr} = await runProgram('timeout', ['15', 'mbsync', '-c', host.path('mbsyncrc'), '-l', 'c'])
    assert.is(
      `${code} ${stderr
        .split('\n')
        .filter((line) => !/^Warning|^\*\*\*|^Maildir notice/.test(line))
        .join()}`,
      '0 ',
      mechanism,
    )
  }
})

async function secureLines({tlsPort}: SaslHost, options: object = {}): Promise<{socket: TLSSocket; lines: LineReader}> {
  const socket = connectTls({port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ...options})
  await new Promise((done, fail) => {
    socket.once('secureConnect', done)
    socket.once('error', fail)
  })
  return {socket, lines: new LineReader(socket)}
}

/** SCRAM-SHA-256-PLUS with this data; the last line of the server. */
async function boundLogin(
  host: SaslHost,
  {type, data, tls}: {readonly type: string; readonly data: (socket: TLSSocket) => Buffer; readonly tls: object},
) {
  const {socket, lines} = await secureLines(host, tls)
  try {
    const greeting = await lines.line()
    assert.match(
      greeting ?? '',
      / AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=CRAM-SHA256 AUTH=CRAM-SHA1 AUTH=CRAM-MD5 AUTH=OAUTHBEARER AUTH=XOAUTH2 AUTH=PLAIN AUTH=LOGIN /,
    )
    const client = new ScramClient({user: USER, password: PASSWORD, header: `p=${type},,`, bindingData: data(socket)})
    await lines.send(`a AUTHENTICATE SCRAM-SHA-256-PLUS ${client.first.toString('base64')}\r\n`)
    const first = (await lines.line()) ?? ''
    if (!first.startsWith('+ ')) return first
    await lines.send(`${client.final(Buffer.from(first.slice(2), 'base64')).toString('base64')}\r\n`)
    const second = (await lines.line()) ?? ''
    if (!second.startsWith('+ ')) return second
    assert.ok(client.trusts(Buffer.from(second.slice(2), 'base64')))
    await lines.send('\r\n')
    return await lines.line()
  } finally {
    socket.destroy()
  }
}

sasl('SCRAM-SHA-256-PLUS is bound to the TLS session or to the certificate', async () => {
  await using host = await saslHost()
  const exporter = (socket: TLSSocket) => socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  const endPoint = (socket: TLSSocket) => Buffer.from(socket.getPeerCertificate().fingerprint256.replaceAll(':', ''), 'hex')
  for (const [type, data, tls, expected] of [
    ['tls-exporter', exporter, {}, 'a OK LOGIN Ok.'],
    ['tls-server-end-point', endPoint, {}, 'a OK LOGIN Ok.'],
    ['tls-server-end-point', endPoint, {maxVersion: 'TLSv1.2'}, 'a OK LOGIN Ok.'],
    ['tls-exporter', () => Buffer.alloc(32), {}, 'a NO [AUTHENTICATIONFAILED] Login failed.'],
    ['tls-unique', (socket: TLSSocket) => socket.getFinished() ?? Buffer.alloc(0), {maxVersion: 'TLSv1.2'}, 'a OK LOGIN Ok.'],
    ['tls-exporter', exporter, {maxVersion: 'TLSv1.2'}, 'a NO [AUTHENTICATIONFAILED] Login failed.'],
  ] as const) {
    assert.is(await boundLogin(host, {type, data, tls}), expected, type)
  }
})

sasl.when(openssl, 'there is no openssl')('a client certificate logs in with EXTERNAL, directly and after STARTTLS', async () => {
  await using host = await saslHost({certificates: true})
  const [key, cert] = ['client.key', 'client.pem'].map((name) => readFileSync(host.path(name)))
  const {socket, lines} = await secureLines(host, {key, cert})
  assert.match((await lines.line()) ?? '', / AUTH=EXTERNAL ENABLE /)
  await lines.send('a AUTHENTICATE EXTERNAL =\r\n')
  assert.is(await lines.line(), '+ ')
  await lines.send('\r\n')
  assert.is(await lines.line(), 'a OK LOGIN Ok.')
  socket.destroy()

  const named = await secureLines(host, {key, cert, maxVersion: 'TLSv1.2'})
  await named.lines.line()
  await named.lines.send(`a AUTHENTICATE EXTERNAL ${Buffer.from('bob@corp.example').toString('base64')}\r\n`)
  assert.match((await named.lines.line()) ?? '', /^a NO /)
  await named.lines.send(`b AUTHENTICATE EXTERNAL ${Buffer.from(USER).toString('base64')}\r\n`)
  assert.is(await named.lines.line(), 'b OK LOGIN Ok.')
  named.socket.destroy()

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const one = await secureLines(host, {key, cert, maxVersion})
    const session = await Promise.race([
      once(one.socket, 'session').then(([octets]) => octets),
      one.lines.line().then(() => one.socket.getSession()),
    ])
    one.socket.destroy()
    const again = await secureLines(host, {key, cert, maxVersion, session})
    assert.is(again.socket.isSessionReused(), false, `${maxVersion}: nobody comes back without showing the certificate`)
    assert.match((await again.lines.line()) ?? '', / AUTH=EXTERNAL /)
    again.socket.destroy()
  }

  const without = await secureLines(host)
  assert.not.match((await without.lines.line()) ?? '', /EXTERNAL/)
  await without.lines.send('a AUTHENTICATE EXTERNAL =\r\n')
  assert.match((await without.lines.line()) ?? '', /^a NO \[AUTHENTICATIONFAILED\]/)
  without.socket.destroy()

  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'o.key',
      '-out',
      'o.pem',
      '-subj',
      `/emailAddress=${USER}`,
    ],
    {
      cwd: host.directory,
      stdio: 'pipe',
    },
  )
  const [otherKey, otherCert] = ['o.key', 'o.pem'].map((name) => readFileSync(host.path(name)))
  const foreign = await secureLines(host, {key: otherKey, cert: otherCert}).then(
    ({lines: told}) => told.line(),
    () => undefined,
  )
  assert.is(foreign, undefined, 'a certificate of another authority ends the connection')

  if (curl) {
    const pair = ['--cert', host.path('client.pem'), '--key', host.path('client.key'), '-u', `${USER}:`, '--login-options', 'AUTH=EXTERNAL']
    for (const [url, ...more] of [[`imaps://localhost:${host.tlsPort}/`], [`imap://localhost:${host.port}/`, '--ssl-reqd']] as const) {
      const {code, stderr} = await runProgram('curl', ['-sS', '-k', ...pair, ...more, url])
      assert.is(`${code} ${stderr}`, '0 ', url)
    }
  }
})

sasl.run()
