/** `openssl s_client` against a whole server: versions, names, client certificates, resumption, garbage. */
import {once} from 'node:events'
import {appendFileSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {type ConfiguredServer, configuredServer} from '../support/configured-server.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {type ServerProcess, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const OPENSSL = '/usr/bin/openssl'
const openssl = suite('openssl s_client', {limitMs: 90_000})
const test = openssl.when(isInstalled(OPENSSL), 'openssl is not installed')

async function served(server: ConfiguredServer): Promise<ServerProcess> {
  const child = startCourier(['serve', 'imap', 'imaps', '--config', server.etc], {env: server.env})
  assert.ok(await child.until('protocol=imaps'), child.errors())
  return child
}

/** What the program prints while it says goodbye after the greeting; STARTTLS on the plain port. */
async function client({port, tlsPort, directory}: ConfiguredServer, args: readonly string[], {starttls = false} = {}): Promise<string> {
  const where = starttls ? ['-starttls', 'imap', '-connect', `127.0.0.1:${port}`] : ['-connect', `127.0.0.1:${tlsPort}`]
  // The first line waits for the handshake, the program ends with the connection.
  const {stdout, stderr} = await runProgram(OPENSSL, ['s_client', ...where, '-crlf', '-ign_eof', ...args], {
    input: 'x LOGOUT\n',
    cwd: directory,
  })
  return stdout + stderr
}

function certificate(name: string): string {
  const {keyPem, certificatePem} = makeSelfSigned({names: [name], days: 2, now: new Date()})
  return keyPem + certificatePem
}

test('every version of the protocol: 1.2 and 1.3 are spoken, older ones are not; TLS and STARTTLS', async () => {
  using server = await configuredServer()
  await using _child = await served(server)
  for (const starttls of [false, true]) {
    assert.match(await client(server, ['-tls1_2'], {starttls}), /Protocol *: TLSv1\.2[\s\S]*x OK/)
    assert.match(await client(server, ['-tls1_3'], {starttls}), /TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256[\s\S]*x OK/)
    for (const old of ['-tls1', '-tls1_1']) {
      const text = await client(server, [old, '-cipher', 'ALL:@SECLEVEL=0'], {starttls})
      assert.match(text, /alert protocol version|unsupported protocol|no protocols available/, old)
      assert.not.match(text, /x OK/)
    }
  }
})

test('SNI selects the certificate, ALPN the protocol; another protocol is refused (example 42)', async () => {
  using server = await configuredServer()
  writeFileSync(join(server.etc, 'imapd.pem.a.example'), certificate('a.example'))
  await using _child = await served(server)
  for (const starttls of [false, true]) {
    assert.match(await client(server, ['-servername', 'A.example'], {starttls}), /subject=.*CN ?= ?a\.example[\s\S]*x OK/)
    assert.match(await client(server, ['-servername', 'b.example'], {starttls}), /subject=.*CN ?= ?localhost[\s\S]*x OK/)
    assert.match(await client(server, ['-noservername'], {starttls}), /subject=.*CN ?= ?localhost[\s\S]*x OK/)
    assert.match(await client(server, ['-alpn', 'http/1.1,imap'], {starttls}), /ALPN protocol: imap[\s\S]*x OK/)
    assert.match(await client(server, ['-alpn', 'http/1.1'], {starttls}), /alert no application protocol/)
  }
})

test('client certificates: without one nobody gets in with REQUIREPEER, with one the account is known (example 43)', async () => {
  using server = await configuredServer()
  const run = async (...args: string[]) => assert.is((await runProgram(OPENSSL, args, {cwd: server.directory})).code, 0)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  for (const name of ['mine', 'stranger']) {
    await run('req', '-x509', ...key, '-subj', '/CN=ann/emailAddress=ann@example.com', '-keyout', `${name}.key`, '-out', `${name}.pem`)
  }
  writeFileSync(join(server.etc, 'trust.pem'), readFileSync(join(server.directory, 'mine.pem')), {mode: 0o644})
  const trust = {TLS_TRUSTCERTS: join(server.etc, 'trust.pem')}
  appendFileSync(join(server.etc, 'imapd-ssl'), 'TLS_EXTERNAL=emailaddress\n')
  const mine = ['-cert', 'mine.pem', '-key', 'mine.key']
  const stranger = ['-cert', 'stranger.pem', '-key', 'stranger.key']
  server.set('imapd-ssl', {...trust, TLS_VERIFYPEER: 'REQUIREPEER'})
  {
    await using _child = await served(server)
    for (const version of ['-tls1_2', '-tls1_3']) {
      assert.match(await client(server, [version, ...mine]), /AUTH=EXTERNAL[\s\S]*x OK/, version)
      assert.not.match(await client(server, [version]), /x OK/, `${version} without a certificate`)
      assert.not.match(await client(server, [version, ...stranger]), /x OK/, `${version} with a stranger's`)
    }
  }
  server.set('imapd-ssl', {...trust, TLS_VERIFYPEER: 'PEER'})
  await using _child = await served(server)
  assert.match(await client(server, mine), /AUTH=EXTERNAL[\s\S]*x OK/)
  const without = await client(server, [])
  assert.match(without, /x OK/)
  assert.not.match(without, /AUTH=EXTERNAL/)
  assert.not.match(await client(server, stranger), /x OK/)
})

test('sessions resume in both versions, also after the certificate was replaced', async () => {
  using server = await configuredServer()
  await using _child = await served(server)
  for (const version of ['-tls1_2', '-tls1_3']) {
    assert.match(await client(server, [version, '-sess_out', 'session']), /New, TLSv1\.[23]/)
    assert.match(await client(server, [version, '-sess_in', 'session']), /Reused, TLSv1\.[23]/)
  }
  writeFileSync(join(server.etc, 'next'), certificate('renewed.example'), {mode: 0o644})
  renameSync(join(server.etc, 'next'), join(server.etc, 'imapd.pem'))
  while (!/CN ?= ?renewed\.example/.test(await client(server, []))) await delay(20)
  assert.match(await client(server, ['-tls1_3', '-sess_in', 'session']), /Reused, TLSv1\.3/)
})

test('a client that wants to negotiate again is not followed', async () => {
  using server = await configuredServer()
  await using _child = await served(server)
  const {stdout, stderr} = await runProgram(
    OPENSSL,
    ['s_client', '-connect', `127.0.0.1:${server.tlsPort}`, '-tls1_2', '-legacy_renegotiation'],
    {
      input: 'R\n',
    },
  )
  assert.match(stdout + stderr, /no renegotiation|RENEGOTIATING/)
  assert.match(await client(server, []), /x OK/)
})

test('garbage on the TLS port ends that connection with a line, and an expired certificate is served with a warning', async () => {
  using server = await configuredServer()
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 1, now: new Date(Date.now() - 5 * 86_400_000)})
  writeFileSync(join(server.etc, 'imapd.pem'), keyPem + certificatePem)
  await using child = await served(server)
  assert.match(child.errors(), /WARN: .*imapd\.pem: The certificate ended on /)
  assert.match(await client(server, []), /certificate has expired[\s\S]*x OK/)
  for (const garbage of [Buffer.from('GET / HTTP/1.0\r\n\r\n'), Buffer.alloc(4096, 0xff), Buffer.from('16030100050100000100', 'hex')]) {
    const socket = connect(server.tlsPort, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(garbage)
    socket.resume()
    await once(socket, 'close').catch(() => undefined)
  }
  assert.ok(await child.until('ip=[::ffff:127.0.0.1], couriertls: accept: error:'))
  assert.match(await client(server, []), /x OK/)
})

test('a key that does not fit stops the start, with the file and what to do', async () => {
  using server = await configuredServer()
  writeFileSync(join(server.etc, 'imapd.pem'), makeSelfSigned({names: ['a'], days: 2, now: new Date()}).certificatePem)
  writeFileSync(join(server.etc, 'imapd.key'), makeSelfSigned({names: ['b'], days: 2, now: new Date()}).keyPem)
  appendFileSync(join(server.etc, 'imapd-ssl'), `TLS_PRIVATE_KEYFILE=${join(server.etc, 'imapd.key')}\n`)
  await using child = startCourier(['serve', 'imaps', '--config', server.etc], {env: server.env})
  assert.is.not(await child.ended(), 0)
  assert.match(child.errors(), /imapd\.pem: The private key does not belong to the certificate \(imaps needs a certificate/)
})

openssl.run()
