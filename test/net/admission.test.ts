import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {connect as connectTls} from 'node:tls'
import * as assert from 'uvu/assert'
import {readTcpdOptions} from '../../src/config/tcpd-options.js'
import type {LogFacts} from '../../src/log/log.js'
import {AccessFile} from '../../src/net/access/access-file.js'
import {readAccessText} from '../../src/net/access/access-text.js'
import {replaceWithGdbm} from '../../src/net/access/write-access.js'
import {Admission} from '../../src/net/admission.js'
import {DnsLists, type DnsQuestions} from '../../src/net/dns-lists.js'
import {Handshakes} from '../../src/net/handshakes.js'
import {type ClientConnection, Listener, type ListenerOptions} from '../../src/net/listener.js'
import {Networks} from '../../src/support/networks.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'
import {testAcceptor} from '../support/tls-material.js'

const admission = suite('Admission', {limitMs: 15_000})

const certificate = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})

interface Opened extends AsyncDisposable {
  readonly port: number
  readonly listener: Listener
  readonly events: [string, LogFacts | undefined][]
  /** What a client is told until the connection ends; `say` is written first. */
  heard(say?: string | Buffer, from?: string): Promise<string>
  /** An open connection after its greeting. */
  greeted(say?: string | Buffer, from?: string): Promise<Socket>
}

interface Rules {
  readonly tcpd?: string
  readonly access?: string
  readonly trusted?: readonly string[]
  readonly dns?: DnsQuestions
  readonly limits?: {readonly total: number; readonly perAddress: number; readonly perBlock?: number}
  readonly directory?: string
}

/** Greets with all it knows, then answers a line with itself. */
async function greet({socket, remote, local, variables, loggedIn}: ClientConnection): Promise<void> {
  const facts = [...variables].map(([name, value]) => `${name}=${value}`).join(' ')
  socket.write(`* OK ${remote.ip} ${remote.port} ${local.ip} ${local.port} ${facts}\r\n`)
  socket.on('data', (chunk) => {
    if (String(chunk) === 'LOGIN') loggedIn()
    socket.write(`= ${String(chunk)}`)
  })
  await once(socket, 'close').catch(() => undefined)
}

async function open(rules: Rules, options: Partial<ListenerOptions> = {}): Promise<Opened> {
  const events: Opened['events'] = []
  const keep = (event: string, facts?: LogFacts) => events.push([event, facts])
  const log = {debug: keep, info: keep, notice: keep, warning: keep, error: keep}
  const none: DnsQuestions = {resolve4: () => Promise.reject(new Error()), resolveTxt: () => Promise.reject(new Error())}
  const directory = temporaryDirectory()
  const text = join(directory.path, 'access')
  if (rules.access !== undefined)
    await replaceWithGdbm({path: `${text}.dat`, temporary: `${text}.tmp`, records: readAccessText([rules.access])})
  const policy = {
    options: readTcpdOptions(rules.tcpd ?? ''),
    access: rules.access === undefined ? undefined : new AccessFile({compiled: `${text}.dat`, text}, new LogLines()),
    trustedProxies: new Networks(rules.trusted ?? ['127.0.0.0/8']),
  }
  const acceptor = testAcceptor(certificate)
  const listener = new Listener({
    endpoints: [{address: undefined, port: 0}],
    implicitTls: false,
    policy: () => ({limits: {total: 40, perAddress: 20, ...rules.limits}, acceptor: async () => acceptor, admission: policy}),
    admission: new Admission({lists: new DnsLists({dns: rules.dns ?? none, now: Date.now}), log}),
    serve: greet,
    refusal: (reason) => `* BYE ${reason}\r\n`,
    log,
    now: Date.now,
    ...options,
  })
  await listener.open()
  const port = listener.endpoints[0]?.port ?? 0
  const client = async (say: string | Buffer, from: string) => {
    const socket = connect({port, host: from.includes(':') ? '::1' : '127.0.0.1', localAddress: from})
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    if (say.length > 0) socket.write(say)
    return socket
  }
  return {
    port,
    listener,
    events,
    async heard(say = '', from = '127.0.0.1') {
      const socket = await client(say, from)
      let heard = ''
      socket.on('data', (chunk) => {
        heard += String(chunk)
      })
      await once(socket, 'close')
      return heard
    },
    async greeted(say = '', from = '127.0.0.1') {
      const socket = await client(say, from)
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      return Object.assign(socket, {greeting: String(chunk)})
    },
    async [Symbol.asyncDispose]() {
      listener.stopAccepting()
      await listener.drain(10)
      directory[Symbol.dispose]()
    },
  }
}

function greetingOf(socket: Socket): string {
  socket.destroy()
  return (socket as Socket & {greeting: string}).greeting
}

const HEADER = 'PROXY TCP4 203.0.113.9 198.51.100.1 41000 143\r\n'
const HEADER_2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007109c6336401a028008f', 'hex')

for (const [name, header] of [
  ['1', Buffer.from(HEADER)],
  ['2', HEADER_2],
] as const) {
  admission(`PROXY header of version ${name}: its addresses count, what comes behind it is the protocol (example 26)`, async () => {
    await using server = await open({tcpd: '-haproxy=5'})
    const socket = await server.greeted(Buffer.concat([header, Buffer.from('a NOOP\r\n')]))
    let heard = (socket as Socket & {greeting: string}).greeting
    while (!heard.includes('NOOP')) heard += String(((await once(socket, 'data')) as [Buffer])[0])
    assert.is(heard, '* OK ::ffff:203.0.113.9 41000 ::ffff:198.51.100.1 143 \r\n= a NOOP\r\n')
    socket.destroy()
  })

  admission(`PROXY header of version ${name}, octet by octet, before TLS`, async () => {
    await using server = await open({tcpd: '-haproxy=5'}, {implicitTls: true})
    const socket = connect({port: server.port, host: '127.0.0.1', noDelay: true})
    await once(socket, 'connect')
    for (const octet of header) {
      socket.write(Buffer.from([octet]))
      await delay(0)
    }
    const secure = connectTls({socket, servername: 'localhost', ca: certificate.certificatePem})
    const [chunk] = await once(secure, 'data')
    assert.match(String(chunk), /^\* OK ::ffff:203\.0\.113\.9 41000/)
    secure.destroy()
  })
}

admission('a broken or missing PROXY header ends the connection with a line in the log, and nothing is sent (example 27)', async () => {
  await using server = await open({tcpd: '-haproxy=1'})
  for (const [say, reason] of [
    ['a NOOP\r\n', 'missing PROXY statement'],
    ['PROXY UNKNOWN\r\n', 'malformed PROXY statement'],
    ['PROXY TCP4 1.2.3.4', 'timeout'],
  ] as const) {
    assert.is(await server.heard(say), '')
    assert.equal(server.events.at(-1), ['net.proxy-refused', {ip: '::ffff:127.0.0.1', reason}])
  }
})

admission('a silent proxy is let go in its time, others are served meanwhile (example 28)', async () => {
  await using server = await open({tcpd: '-haproxy=1'})
  const silent = server.heard()
  assert.match(greetingOf(await server.greeted(HEADER)), /^\* OK/)
  assert.is(await silent, '')
  assert.equal(server.events, [['net.proxy-refused', {ip: '::ffff:127.0.0.1', reason: 'timeout'}]])
})

admission('who is no trusted proxy is refused on such a port', async () => {
  await using server = await open({tcpd: '-haproxy', trusted: ['127.0.0.2', '2001:db8::/32']})
  assert.is(await server.heard(HEADER), '')
  assert.match(server.events[0]?.[1]?.reason ?? '', /127\.0\.0\.1 is not in PROXY_PROTOCOL_NETWORKS/)
  assert.match(greetingOf(await server.greeted(HEADER, '127.0.0.2')), /203\.0\.113\.9/)
})

admission('other ports greet without a header (example 29), and a header is nothing there', async () => {
  await using server = await open({tcpd: '-haproxy=5/port=1'})
  assert.match(greetingOf(await server.greeted(HEADER)), /^\* OK ::ffff:127\.0\.0\.1/)
})

admission('who is denied is closed without a byte, or with the text of -denymsg (example 25)', async () => {
  await using silent = await open({access: '127.0.0.7\tdeny\n'})
  assert.is(await silent.heard('', '127.0.0.7'), '')
  assert.match(greetingOf(await silent.greeted('', '127.0.0.8')), /^\* OK/)
  await using spoken = await open({access: '*\tdeny\n', tcpd: "-denymsg='* BYE go away'"})
  assert.is(await spoken.heard(), '* BYE go away\n')
})

admission('-accesslocal: the local address is looked up first, and closes without a text (example 7)', async () => {
  const rules = '*\tdeny\n127.0.0.1\tallow,A=1\n'
  await using closed = await open({access: rules, tcpd: "-accesslocal -denymsg='* BYE'"})
  assert.match(greetingOf(await closed.greeted()), /A=1/)
  assert.is(await closed.heard('', '127.0.0.9'), '* BYE\n')
  await using local = await open({access: '*\tdeny\n127.0.0.9\tallow\n', tcpd: "-accesslocal -denymsg='* BYE'"})
  assert.is(await local.heard('', '127.0.0.9'), '')
})

admission('MAXCPERIP of an entry takes the place of MAXPERIP (example 15), -maxperc counts a block', async () => {
  await using server = await open({access: '127.0.0.1\tallow,MAXCPERIP=3\n', limits: {total: 40, perAddress: 1, perBlock: 4}})
  const near = [await server.greeted(), await server.greeted(), await server.greeted()]
  assert.is(await server.heard(), '* BYE too-many-from-address\r\n')
  const far = await server.greeted('', '127.0.0.2')
  assert.is(await server.heard('', '127.0.0.2'), '* BYE too-many-from-address\r\n')
  assert.is(await server.heard('', '127.0.0.3'), '* BYE too-many-from-address\r\n', 'the block is full')
  const other = await server.greeted('', '127.0.1.1')
  for (const socket of [...near, far, other]) socket.destroy()
})

admission('a listed address is dropped when -drop says so, and its variables are set otherwise', async () => {
  const dns: DnsQuestions = {
    resolve4: async (name) => (name === '6.0.0.127.z.example' ? ['127.0.0.2'] : Promise.reject(new Error('none'))),
    resolveTxt: () => Promise.reject(new Error('none')),
  }
  await using told = await open({tcpd: '-block=z.example', dns})
  assert.match(greetingOf(await told.greeted('', '127.0.0.6')), /BLOCK=Blacklisted by z\.example/)
  await using dropped = await open({tcpd: '-block=z.example -drop', dns})
  assert.is(await dropped.heard('', '127.0.0.6'), '')
  assert.equal(dropped.events, [['net.dropped', {ip: '::ffff:127.0.0.6'}]])
  assert.match(greetingOf(await dropped.greeted()), /^\* OK/)
})

admission('who is banned is told so', async () => {
  await using server = await open({}, {isBanned: (ip) => ip === '::ffff:127.0.0.3'})
  assert.is(await server.heard('', '127.0.0.3'), '* BYE banned\r\n')
  assert.match(greetingOf(await server.greeted()), /^\* OK/)
})

admission('IPv6: the address is counted and shown as it is', async () => {
  await using server = await open({access: ':0000:0000:0000:0000\tallow,SIX\n'})
  assert.match(greetingOf(await server.greeted('', '::1')), /^\* OK ::1 \d+ ::1 \d+ SIX=/)
})

admission('when all places are taken, the oldest of the network that has the most and has not logged in gives way', async () => {
  await using server = await open({limits: {total: 4, perAddress: 4}})
  const user = await server.greeted('', '127.0.0.1')
  user.write('LOGIN')
  await once(user, 'data')
  const slow = [await server.greeted('', '127.0.0.5'), await server.greeted('', '127.0.0.5'), await server.greeted('', '127.0.0.5')]
  const gone = once(slow[0]!, 'close')
  const late = await server.greeted('', '127.0.0.6')
  await gone
  assert.not(slow[1]!.destroyed)
  user.write('still')
  assert.is(String((await once(user, 'data'))[0]), '= still')
  for (const socket of [user, late, ...slow]) socket.destroy()
})

admission('when all have logged in, a new one is refused', async () => {
  await using server = await open({limits: {total: 2, perAddress: 4}})
  const users = [await server.greeted(), await server.greeted()]
  for (const user of users) {
    user.write('LOGIN')
    await once(user, 'data')
  }
  assert.is(await server.heard(), '* BYE too-many\r\n')
  for (const user of users) user.destroy()
})

admission('handshakes that do not end give way to new ones, and to nobody else', async () => {
  const handshakes = new Handshakes({total: 4, perNetwork: 3})
  await using server = await open({limits: {total: 100, perAddress: 100}}, {implicitTls: true, handshakes})
  const half: Socket[] = []
  for (let count = 0; count < 8; count += 1) {
    const socket = connect({port: server.port, host: '127.0.0.1', localAddress: '127.0.0.5'})
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    // The beginning of a record, and no more.
    socket.write(Buffer.from('1603010200010001fc0303', 'hex'))
    half.push(socket)
    while (handshakes.total < Math.min(count + 1, 3)) await delay(1)
  }
  await Promise.all(half.slice(0, 5).map((socket) => socket.closed || once(socket.resume(), 'close')))
  assert.is(handshakes.total, 3)
  for (let count = 0; count < 5; count += 1) {
    const secure = connectTls({port: server.port, host: '127.0.0.1', servername: 'localhost', ca: certificate.certificatePem})
    const [chunk] = await once(secure, 'data')
    assert.match(String(chunk), /^\* OK/)
    secure.destroy()
  }
  assert.is(handshakes.total, 3)
  for (const socket of half) socket.destroy()
})

admission.run()
