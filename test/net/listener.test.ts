import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {setTimeout as delay} from 'node:timers/promises'
import {type ConnectionOptions, connect as connectTls, type TLSSocket} from 'node:tls'
import * as assert from 'uvu/assert'
import type {Log, LogFacts} from '../../src/log/log.js'
import {ConnectionCounter} from '../../src/net/connection-limits.js'
import {type ClientConnection, Listener, type ListenerOptions} from '../../src/net/listener.js'
import {Fault} from '../../src/support/fault.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import type {TlsAcceptor} from '../../src/tls/tls-acceptor.js'
import {suite} from '../support/suite.js'
import {testAcceptor} from '../support/tls-material.js'

const listener = suite('Listener', {limitMs: 15_000})

const certificate = makeSelfSigned({names: ['localhost', '127.0.0.1'], days: 2, now: new Date()})

function acceptor(): TlsAcceptor {
  return testAcceptor(certificate)
}

interface Opened extends AsyncDisposable {
  readonly listener: Listener
  readonly port: number
  readonly events: [event: string, facts: LogFacts | undefined][]
}

/** Echoes lines; `STARTTLS` does that, `THROW` throws, `BYE` ends. */
async function echo({socket, startTls, shutdown, tls, remote}: ClientConnection): Promise<void> {
  let stream = socket
  shutdown.add(() => stream.end('* BYE\r\n'))
  stream.write(`* OK ${tls ? 'tls' : 'plain'} ${remote.ip}\r\n`)
  for (;;) {
    let upgrade = false
    for await (const line of lines(stream)) {
      if (line === 'STARTTLS') {
        upgrade = true
        break
      }
      if (line === 'THROW') throw new Error('A bug')
      if (line === 'BYE') return
      stream.write(`= ${line}\r\n`)
    }
    if (!upgrade || !startTls) return
    while (stream.read() !== null);
    stream.write('OK begin\r\n')
    stream = await startTls()
  }
}

/** Lines of a socket; leaves it open and without listeners when the loop is left. */
async function* lines(stream: Socket): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.iterator({destroyOnReturn: false})) {
    rest += String(chunk)
    const parts = rest.split('\r\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

async function open(options: Partial<ListenerOptions> & {readonly tls?: 'implicit' | 'starttls'} = {}): Promise<Opened> {
  const events: Opened['events'] = []
  const keep = (event: string, facts?: LogFacts) => events.push([event, facts])
  const log: Log = {debug: keep, info: keep, notice: keep, warning: keep, error: keep}
  const made = acceptor()
  const secure = options.tls ? async () => made : undefined
  const server = new Listener({
    endpoints: [{address: '127.0.0.1', port: 0}],
    implicitTls: options.tls === 'implicit',
    policy: () => ({limits: {total: 40, perAddress: 20}, acceptor: secure}),
    serve: echo,
    refusal: (reason) => `* BYE ${reason}\r\n`,
    log,
    now: Date.now,
    ...options,
  })
  await server.open()
  const dispose = async () => {
    server.stopAccepting()
    await server.drain(200)
  }
  return {listener: server, port: server.endpoints[0]?.port ?? 0, events, [Symbol.asyncDispose]: dispose}
}

/** Reads until the text holds `end` or the stream ends. */
async function readUntil(stream: Socket, end: string | undefined): Promise<string> {
  let text = ''
  for await (const chunk of stream.iterator({destroyOnReturn: false})) {
    text += String(chunk)
    if (end !== undefined && text.includes(end)) break
  }
  return text
}

async function client(port: number, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen})
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function tlsClient(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({host: '127.0.0.1', servername: 'localhost', ca: certificate.certificatePem, ...options})
  await once(socket, 'secureConnect')
  return socket
}

listener('greets, answers, and shows IPv4 addresses in mapped form', async () => {
  await using server = await open()
  const socket = await client(server.port)
  assert.is(await readUntil(socket, '\n'), '* OK plain ::ffff:127.0.0.1\r\n')
  socket.write('hello\r\n')
  assert.is(await readUntil(socket, '\n'), '= hello\r\n')
  socket.destroy()
})

listener('a client that half-closes after its last command gets the answers', async () => {
  await using server = await open()
  const socket = await client(server.port, true)
  socket.end('one\r\ntwo\r\n')
  assert.is(await readUntil(socket, undefined), '* OK plain ::ffff:127.0.0.1\r\n= one\r\n= two\r\n')
})

listener('the same under TLS', async () => {
  await using server = await open({tls: 'implicit'})
  const socket = await tlsClient({socket: await client(server.port, true)})
  socket.end('one\r\ntwo\r\n')
  assert.is(await readUntil(socket, undefined), '* OK tls ::ffff:127.0.0.1\r\n= one\r\n= two\r\n')
})

listener('a TLS port speaks TLS 1.2 and 1.3, not 1.1', async () => {
  await using server = await open({tls: 'implicit'})
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await tlsClient({port: server.port, minVersion: version, maxVersion: version})
    assert.is(socket.getProtocol(), version)
    assert.match(await readUntil(socket, '\n'), /^\* OK tls/)
    socket.destroy()
  }
  const old = connectTls({
    host: '127.0.0.1',
    port: server.port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL@SECLEVEL=0',
  })
  const [error] = await once(old, 'error')
  assert.match(String(error), /protocol/i)
})

listener('a failed handshake is one log line and leaves the server well', async () => {
  await using server = await open({tls: 'implicit'})
  const socket = await client(server.port)
  socket.write('a NOOP\r\n')
  socket.resume()
  await once(socket, 'close')
  const silent = await client(server.port)
  silent.destroy()
  while (server.events.length < 2) await delay(5)
  assert.is(server.events[0]?.[0], 'tls.failed')
  assert.match(server.events[0]?.[1]?.reason ?? '', /^couriertls: accept: error:.*(wrong version number|http request|unknown protocol)/)
  assert.equal(server.events[1], ['tls.closed', {ip: '::ffff:127.0.0.1', reason: 'Unexpected SSL connection shutdown.'}])
  const good = await tlsClient({port: server.port, ALPNProtocols: ['imap']})
  assert.is(good.alpnProtocol, 'imap')
  good.destroy()
})

listener('a client that never finishes its handshake is let go', async () => {
  await using server = await open({tls: 'implicit', handshakeMs: 100})
  const socket = await client(server.port)
  socket.resume()
  await once(socket, 'close')
  assert.is(server.events[0]?.[0], 'tls.closed')
})

listener('STARTTLS throws away what was sent before it', async () => {
  await using server = await open({tls: 'starttls'})
  const socket = await client(server.port)
  await readUntil(socket, '\n')
  socket.write('STARTTLS\r\ninjected\r\n')
  assert.is(await readUntil(socket, '\n'), 'OK begin\r\n')
  const secure = await tlsClient({socket})
  secure.write('real\r\n')
  assert.is(await readUntil(secure, '\n'), '= real\r\n')
  secure.destroy()
})

listener('STARTTLS loses nothing that comes right behind the reply', async () => {
  await using server = await open({tls: 'starttls'})
  await Promise.all(
    Array.from({length: 8}, async () => {
      const socket = await client(server.port)
      await readUntil(socket, '\n')
      socket.write('STARTTLS\r\n')
      await readUntil(socket, '\n')
      const secure = connectTls({socket, servername: 'localhost', ca: certificate.certificatePem})
      secure.write('early\r\n')
      assert.is(await readUntil(secure, '\n'), '= early\r\n')
      secure.destroy()
    }),
  )
})

listener('sessions resume after the certificate was loaded again', async () => {
  let secure = acceptor()
  await using server = await open({implicitTls: true, policy: () => ({limits: {total: 40, perAddress: 20}, acceptor: async () => secure})})
  const first = connectTls({host: '127.0.0.1', port: server.port, ca: certificate.certificatePem, servername: 'localhost'})
  const [session] = await once(first, 'session')
  first.destroy()
  secure = acceptor()
  const again = await tlsClient({port: server.port, session})
  assert.ok(again.isSessionReused())
  again.destroy()
})

listener('more connections than allowed are refused with a word, and places become free', async () => {
  await using server = await open({policy: () => ({limits: {total: 40, perAddress: 2}, acceptor: undefined})})
  const [one, two] = [await client(server.port), await client(server.port)]
  await Promise.all([readUntil(one, '\n'), readUntil(two, '\n')])
  const three = await client(server.port)
  assert.is(await readUntil(three, undefined), '* BYE too-many-from-address\r\n')
  assert.equal(server.events, [['net.address-limit', {ip: '::ffff:127.0.0.1'}]])
  one.end('BYE\r\n')
  await readUntil(one, undefined)
  while (server.listener.connections > 1) await delay(5)
  const four = await client(server.port)
  assert.match(await readUntil(four, '\n'), /^\* OK/)
  two.destroy()
  four.destroy()
})

listener('the limit of all connections is told once a minute', async () => {
  await using server = await open({policy: () => ({limits: {total: 1, perAddress: 9}, acceptor: undefined})})
  const one = await client(server.port)
  await readUntil(one, '\n')
  for (let count = 0; count < 3; count += 1) assert.is(await readUntil(await client(server.port), undefined), '* BYE too-many\r\n')
  assert.equal(server.events, [['net.connection-limit', {count: 1}]])
  one.destroy()
})

listener('many connections are warned of before the limit (example 17)', () => {
  const lines: [string, LogFacts | undefined][] = []
  const keep = (event: string, facts?: LogFacts) => lines.push([event, facts])
  let now = 0
  const counter = new ConnectionCounter({log: {debug: keep, info: keep, notice: keep, warning: keep, error: keep}, now: () => now})
  for (let each = 1; each <= 18; each += 1) assert.is(counter.enter(`192.0.2.${each}`, {total: 20, perAddress: 4}), undefined)
  assert.equal(lines, [['net.many-connections', {count: 17}]])
  now += 60_000
  counter.leave('192.0.2.1')
  counter.enter('192.0.2.1', {total: 20, perAddress: 4})
  assert.equal(lines.at(-1), ['net.many-connections', {count: 18}])
})

listener('a bug in one connection ends that one only', async () => {
  await using server = await open()
  const [bad, good] = [await client(server.port), await client(server.port)]
  await Promise.all([readUntil(bad, '\n'), readUntil(good, '\n')])
  bad.write('THROW\r\n')
  await readUntil(bad, undefined)
  assert.is(server.events[0]?.[0], 'net.connection-failed')
  good.write('still\r\n')
  assert.is(await readUntil(good, '\n'), '= still\r\n')
  good.destroy()
})

/** A certificate that a client may present, by openssl: ours are for servers. */
function clientCertificate(): {key: string; cert: string} {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=client', '-days', '2']
  const pem = execFileSync('/usr/bin/openssl', [...args, '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return {key: pem, cert: pem}
}

listener.when(existsSync('/usr/bin/openssl'), 'openssl is not installed')(
  'client certificates: PEER checks what is presented, REQUIREPEER wants one',
  async () => {
    const mine = clientCertificate()
    const stranger = clientCertificate()
    for (const [verifyPeer, options, greeted] of [
      ['peer', {}, true],
      ['peer', mine, true],
      ['peer', stranger, false],
      ['require-peer', {}, false],
      ['require-peer', mine, true],
      ['require-peer', stranger, false],
    ] as const) {
      const asking = testAcceptor(certificate, {trust: mine.cert, verifyPeer})
      await using server = await open({
        implicitTls: true,
        policy: () => ({limits: {total: 40, perAddress: 20}, acceptor: async () => asking}),
      })
      const socket = connectTls({host: '127.0.0.1', port: server.port, servername: 'localhost', ca: certificate.certificatePem, ...options})
      const text = await readUntil(socket, '\n').catch(() => '')
      assert.is(
        text.startsWith('* OK tls'),
        greeted,
        `${verifyPeer}, ${options === mine ? 'mine' : options === stranger ? 'a stranger' : 'none'}`,
      )
      socket.destroy()
    }
  },
)

listener('drain says goodbye, then cuts those that do not go', async () => {
  await using server = await open({
    serve: ({socket, shutdown}) =>
      new Promise((resolve) => {
        socket.write('* OK\r\n')
        socket.once('close', () => resolve())
        shutdown.add(() => socket.write('* BYE\r\n'))
      }),
  })
  const socket = await client(server.port)
  await readUntil(socket, '\n')
  server.listener.stopAccepting()
  const began = Date.now()
  await Promise.all([server.listener.drain(150), readUntil(socket, undefined).then((text) => assert.is(text, '* BYE\r\n'))])
  const took = Date.now() - began
  assert.ok(took >= 140 && took < 3_000, `${took} ms`)
  const refused = connect(server.port, '127.0.0.1')
  const [error] = await once(refused, 'error')
  assert.match(String(error), /ECONNREFUSED/)
})

listener('a port in use and a port without permission are said clearly', async () => {
  await using server = await open()
  try {
    await open({
      endpoints: [
        {address: '127.0.0.1', port: 0},
        {address: '127.0.0.1', port: server.port},
      ],
    })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, Fault)
    assert.is((error as Fault).message, `Port ${server.port} is in use (127.0.0.1:${server.port}): another server listens there`)
  }
  try {
    await open({endpoints: [{address: '192.0.2.77', port: 0}]})
    assert.unreachable()
  } catch (error) {
    assert.match((error as Fault).message, /does not belong to this host/)
  }
})

listener('the wildcard takes IPv4 and IPv6', async () => {
  await using server = await open({endpoints: [{address: undefined, port: 0}]})
  const socket = await client(server.port)
  assert.is(await readUntil(socket, '\n'), '* OK plain ::ffff:127.0.0.1\r\n')
  socket.destroy()
})

listener.run()
