/** What crosses between the processes, and what a process that was taken over can do with it: nothing. */
import {once} from 'node:events'
import {connect, createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {duplexPair} from 'node:stream'
import * as assert from 'uvu/assert'
import type {Account} from '../../src/auth/account.js'
import {plainAccount, readPlainAccount} from '../../src/auth/plain-account.js'
import {TicketBook} from '../../src/auth/tickets.js'
import {Secret} from '../../src/log/secret.js'
import {attachSocket, detachSocket} from '../../src/net/passed-socket.js'
import {AuthDesk} from '../../src/services/processes/auth-desk.js'
import {memoryExpectation, peopleIn} from '../../src/services/processes/expectations.js'
import type {FrontProcess, HandOverMessage} from '../../src/services/processes/front-keeper.js'
import {HandOverDesk} from '../../src/services/processes/hand-over-desk.js'
import {type MailSession, shareOf} from '../../src/services/processes/mail-processes.js'
import {readFromAuth, readFromFront, readFromMail, type ToFront} from '../../src/services/processes/messages.js'
import {relay} from '../../src/services/processes/relay.js'
import {RelayedSessions} from '../../src/services/processes/relayed-sessions.js'
import {RemoteAuth} from '../../src/services/processes/remote-auth.js'
import {Restarts} from '../../src/services/processes/restarts.js'
import {BadSyntax} from '../../src/support/fault.js'
import {recordingLog} from '../auth/support/scratch.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const processes = suite('Between the processes', {limitMs: 20_000})

const ACCOUNT: Account = {
  name: 'ann@example.com',
  uid: 5000,
  gid: 5001,
  home: '/srv/ann',
  maildir: '/srv/ann/Maildir',
  quota: '1000S',
  fullName: undefined,
  options: new Map([['disableimap', '1']]),
}

const CONNECTION = {tag: 'a', elapsedMs: 12.5, encrypted: false, remote: {ip: '::ffff:192.0.2.1', port: 999}, unread: ''}

function handOver(session: number, ticket: string): HandOverMessage {
  return {kind: 'hand-over', session, service: 'imap', ticket, passed: false, connection: CONNECTION}
}

function desk() {
  let clock = 0
  const tickets = new TicketBook({now: () => clock, random: (octets) => Buffer.alloc(octets, ++serial)})
  let serial = 0
  const taken: MailSession[] = []
  const told: ToFront[] = []
  const front: FrontProcess = {
    send(message, _handle, sent) {
      told.push(message)
      sent?.()
    },
  }
  const log = recordingLog()
  const at = new HandOverDesk({tickets, take: (session) => taken.push(session), endedOn: () => undefined, log})
  return {
    tickets,
    taken,
    told,
    front,
    log,
    desk: at,
    pass: (ms: number) => {
      clock += ms
    },
  }
}

processes('a session is that of its ticket, whatever the front says', () => {
  const at = desk()
  const message = readFromFront({...handOver(1, at.tickets.issue(ACCOUNT)), account: {uid: 0}, user: 'root', uid: 0})
  assert.not.ok('account' in message || 'user' in message || 'uid' in message)
  at.desk.handOver(at.front, message as HandOverMessage, undefined)
  assert.is(at.taken[0]?.account, ACCOUNT)
})

processes('a ticket that is made up, used, or older than 10 s opens nothing', () => {
  const at = desk()
  const used = at.tickets.issue(ACCOUNT)
  at.desk.handOver(at.front, handOver(1, used), undefined)
  at.desk.handOver(at.front, handOver(2, used), undefined)
  at.desk.handOver(at.front, handOver(3, 'A'.repeat(22)), undefined)
  at.desk.handOver(at.front, handOver(4, ''), undefined)
  const old = at.tickets.issue(ACCOUNT)
  at.pass(10_001)
  at.desk.handOver(at.front, handOver(5, old), undefined)
  assert.equal(
    at.taken.map(({message}) => message.session),
    [1],
  )
  assert.equal(
    at.told,
    [2, 3, 4, 5].map((session) => ({kind: 'returned', session})),
  )
  assert.is(at.log.lines.filter((line) => line.includes('server.bad-ticket')).length, 4)
})

processes('a number of a session that lives opens no second one', () => {
  const at = desk()
  at.desk.handOver(at.front, handOver(1, at.tickets.issue(ACCOUNT)), undefined)
  at.desk.handOver(at.front, handOver(1, at.tickets.issue(ACCOUNT)), undefined)
  assert.is(at.taken.length, 1)
})

const good = handOver(1, 'ticket')
for (const [what, value] of [
  ['no object', 'ready'],
  ['nothing', null],
  ['another kind', {kind: 'configure'}],
  ['a kind of its prototype', JSON.parse('{"__proto__": {"kind": "ready"}}')],
  ['a session that is no number', {...good, session: '1'}],
  ['a service that does not exist', {...good, service: 'smtp'}],
  ['a ticket as a list', {...good, ticket: ['ticket']}],
  ['a ticket of a megabyte', {...good, ticket: 'x'.repeat(1_000_000)}],
  ['a tag with a line of its own', {...good, connection: {...CONNECTION, tag: 'a OK\r\n*'}}],
  ['a port that does not exist', {...good, connection: {...CONNECTION, remote: {ip: 'x', port: 70_000}}}],
  ['more octets than a front can have read', {...good, connection: {...CONNECTION, unread: 'x'.repeat(2_000_000)}}],
  ['a time that is none', {...good, connection: {...CONNECTION, elapsedMs: 'soon'}}],
  ['two lines for the log as one', {kind: 'json-line', line: '{}\n{"event": "imap.login"}\n'}],
] as const) {
  processes(`the supervisor does not take from a front: ${what}`, () => {
    assert.throws(
      () => readFromFront(value),
      (error: unknown) => error instanceof BadSyntax,
    )
  })
}

processes("the supervisor takes no ticket for root's ids, nor for paths that lead elsewhere", () => {
  const issue = (change: object) => () => readFromAuth({kind: 'issue', request: 1, account: {...plainAccount(ACCOUNT), ...change}})
  assert.equal(issue({})(), {kind: 'issue', request: 1, account: {...ACCOUNT, systemUser: undefined}})
  for (const change of [
    {uid: 0},
    {gid: 0},
    {uid: -1},
    {uid: 1.5},
    {uid: 2 ** 32 - 1},
    {uid: '5'},
    {home: 'srv'},
    {maildir: '/a\0b'},
    {options: 'x'},
  ])
    assert.throws(issue(change), (error: unknown) => error instanceof BadSyntax, JSON.stringify(change))
  assert.throws(
    () => readFromMail({kind: 'ended'}),
    (error: unknown) => error instanceof BadSyntax,
  )
})

processes('an account crosses as it is', () => {
  assert.equal(readPlainAccount(JSON.parse(JSON.stringify(plainAccount(ACCOUNT)))), {...ACCOUNT, systemUser: undefined})
})

async function listening(server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
}

const CHECK = {service: 'imap', user: 'ann', password: new Secret('pass'), remote: '192.0.2.1'}

/** A desk on a socket, as the auth process has it. */
function authDesk(answer: (user: string) => Promise<'accepted' | 'refused'>) {
  return new AuthDesk({
    authenticator: () => ({
      async check({user, password}) {
        const outcome = password.reveal() === 'pass' ? await answer(user) : 'refused'
        return outcome === 'accepted' ? {outcome, ticket: `of ${user}`} : {outcome}
      },
      async begin({initial, channel}) {
        const binding = channel.bindings.get('tls-exporter')?.toString() ?? ''
        return {
          kind: 'challenge',
          user: 'ann',
          challenge: Buffer.from(`${initial?.toString() ?? ''} ${binding}`),
          answer: async (response) => ({kind: 'checked', result: {outcome: 'accepted', ticket: response.toString()}}),
        }
      },
    }),
    log: recordingLog(),
  })
}

/** The desk takes its connections from this. */
async function served(path: string, at: AuthDesk): Promise<{close(): void}> {
  const server = createServer((socket) => at.take(socket))
  await listening(server, path)
  return {
    close() {
      server.close()
      at.close()
    },
  }
}

processes('logins are checked over the socket of auth, exchanges go to and fro', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'auth')
  const at = await served(
    path,
    authDesk(async () => 'accepted'),
  )
  const auth = new RemoteAuth({path, log: recordingLog()})
  const imap = auth.for('imap')
  assert.equal(await imap.check(CHECK), {outcome: 'accepted', ticket: 'of ann'})
  assert.equal(await imap.check({...CHECK, password: new Secret('wrong')}), {outcome: 'refused'})
  const step = await imap.begin({
    service: 'imap',
    mechanism: 'SCRAM-SHA-256-PLUS',
    initial: Buffer.from('hello'),
    remote: '192.0.2.1',
    channel: {
      encrypted: true,
      certificateIdentity: undefined,
      bindings: new Map([['tls-exporter', Buffer.from('bound')]]),
      bindingAnnounced: true,
    },
  })
  assert.ok(step.kind === 'challenge' && step.challenge.toString() === 'hello bound')
  assert.is(step.user, 'ann')
  if (step.kind !== 'challenge') return
  assert.equal(await step.answer(Buffer.from('mine')), {kind: 'checked', result: {outcome: 'accepted', ticket: 'mine'}})
  // Each answer once.
  assert.equal(await step.answer(Buffer.from('mine')), {kind: 'failed', reason: 'bad-message'})
  auth.close()
  at.close()
})

processes('a login whose auth process dies is asked of the next one; without one it waits, and is told "unavailable"', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'auth')
  const dying: AuthDesk = authDesk(() => {
    dying.close()
    return new Promise(() => undefined)
  })
  const first = await served(path, dying)
  const auth = new RemoteAuth({path, log: recordingLog(), patienceMs: 400})
  const waiting = auth.for('imap').check(CHECK)
  const second = (async () => {
    // The first one has been asked when it closes.
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      try {
        first.close()
        return await served(
          path,
          authDesk(async () => 'accepted'),
        )
      } catch {
        // The name is taken until the first has gone.
      }
    }
  })()
  assert.equal(await waiting, {outcome: 'accepted', ticket: 'of ann'})
  ;(await second).close()
  const began = Date.now()
  assert.is((await auth.for('imap').check(CHECK)).outcome, 'unavailable')
  assert.ok(Date.now() - began >= 390)
  auth.close()
})

processes('an exchange whose auth process dies is "unavailable" at once, and another one begins with the next process', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'auth')
  const start = {
    service: 'imap',
    mechanism: 'SCRAM-SHA-256',
    initial: Buffer.from('hello'),
    remote: '192.0.2.1',
    channel: {encrypted: true, certificateIdentity: undefined, bindings: new Map(), bindingAnnounced: false},
  }
  const accepting = () => authDesk(async () => 'accepted')
  const first = await served(path, accepting())
  const auth = new RemoteAuth({path, log: recordingLog(), patienceMs: 5_000})
  const before = await auth.for('imap').begin(start)
  first.close()
  assert.ok(before.kind === 'challenge')
  const began = Date.now()
  const ended = await before.answer(Buffer.from('mine'))
  assert.is(ended.kind === 'checked' && ended.result.outcome, 'unavailable')
  assert.ok(Date.now() - began < 4_000)
  const next = auth.for('imap').begin(start)
  const second = await served(path, accepting())
  const after = await next
  assert.ok(after.kind === 'challenge')
  assert.equal(await after.answer(Buffer.from('mine')), {kind: 'checked', result: {outcome: 'accepted', ticket: 'mine'}})
  auth.close()
  second.close()
})

for (const [what, octets] of [
  ['a frame of four gigabytes', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ['no JSON', Buffer.from('\0\0\0\x03abc', 'latin1')],
  ['a request that there is not', frameOf({kind: 'find', request: 1, user: 'root'})],
  ['a service that there is not', frameOf({kind: 'check', request: 1, service: 'smtp', check: {}})],
] as const) {
  processes(`auth hangs up on a front that sends ${what}`, async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'auth')
    const at = await served(
      path,
      authDesk(async () => 'accepted'),
    )
    const socket = connect(path)
    socket.resume()
    socket.on('error', () => undefined)
    socket.write(octets)
    await once(socket, 'close')
    at.close()
  })
}

function frameOf(value: object): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

processes('a relay waits while more connections wait for the mail process than may', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'mail')
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (key: Buffer) => socket.end(`served ${key}`))
  })
  await new Promise<void>((resolve) => server.listen({path, backlog: 1}, resolve))
  // In one turn of the loop: nobody accepts meanwhile.
  const others = Array.from({length: 4}, () => connect(path).on('error', () => undefined))
  const [near, far] = duplexPair()
  const relaying = relay(far, {path, key: '1'.repeat(32)})
  const [reply] = (await once(near, 'data')) as [Buffer]
  assert.is(String(reply), `served ${'1'.repeat(32)}`)
  near.end()
  await relaying
  for (const socket of others) socket.destroy()
  server.close()
})

processes('a relay whose mail process ends without a word leaves the session whole', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'mail')
  const server = createServer((socket) => {
    socket.resume()
    socket.once('data', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const [near, far] = duplexPair()
  near.write('a NOOP\r\n')
  const failure = await relay(far, {path, key: '1'.repeat(32)}).catch((error: Error) => error.message)
  assert.is(failure, 'The mail process has ended without a word')
  assert.is(String(far.read()), 'a NOOP\r\n')
  server.close()
})

processes('a relay is taken for the session of its key only, whichever comes first', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'mail')
  const relayed = new RelayedSessions()
  const server = createServer({allowHalfOpen: true}, (socket) => relayed.accept(socket))
  await listening(server, path)
  const [one, two] = ['1'.repeat(32), '2'.repeat(32)]
  const expected = relayed.expect(one)
  const first = connect(path)
  first.write(`${one}a NOOP\r\n`)
  const stream = await expected
  assert.is(String(stream?.read() ?? (await once(stream as Socket, 'data'))[0]), 'a NOOP\r\n')
  const second = connect(path)
  second.write(two.slice(0, 5))
  await new Promise((resolve) => setTimeout(resolve, 20))
  second.write(two.slice(5))
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(await relayed.expect(two))
  // A key counts once.
  const again = relayed.expect(two)
  const winner = await Promise.race([again.then(() => 'taken'), new Promise((resolve) => setTimeout(resolve, 50, 'waiting'))])
  assert.is(winner, 'waiting')
  const third = connect(path)
  third.write(two)
  await again
  for (const socket of [first, second, third]) socket.destroy()
  server.close()
})

processes('a socket that is given away is read by its new owner only, with all that had come', async () => {
  const server = createServer({allowHalfOpen: true})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const client = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  client.write('first')
  await once(socket, 'readable')
  const detached = detachSocket(socket)
  assert.is(detached?.unread.toString(), 'first')
  client.write('second')
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.is(socket.read(), null)
  if (!detached) return
  const next = attachSocket(detached.handle)
  assert.is(String((await once(next, 'data'))[0]), 'second')
  next.end('bye')
  assert.is(String((await once(client, 'data'))[0]), 'bye')
  client.destroy()
  server.close()
})

processes('an account is always served by the same of several processes', () => {
  const shares = [1, 2, 3, 4].map((number) => shareOf({maildir: `/srv/${number}/Maildir`}, 4))
  assert.equal(
    shares,
    [1, 2, 3, 4].map((number) => shareOf({maildir: `/srv/${number}/Maildir`}, 4)),
  )
  const counts = [0, 0, 0, 0]
  for (let number = 0; number < 1_000; number += 1) counts[shareOf({maildir: `/srv/${number}`}, 4)]! += 1
  assert.ok(Math.min(...counts) > 200, counts.join())
  assert.is(shareOf({maildir: '/srv/1'}, 1), 0)
})

processes('a process that dies is started again at once, one that keeps dying later and later', () => {
  let now = 0
  const restarts = new Restarts(() => now)
  const waits = Array.from({length: 9}, () => {
    restarts.began()
    now += 10
    return restarts.waitMs()
  })
  assert.equal(waits, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000])
  restarts.began()
  now += 60_000
  assert.is(restarts.waitMs(), 0)
})

processes('what many system users will need is said before they log in', () => {
  const passwd = Array.from({length: 300}, (_, number) => `u${number}:x:${1_000 + number}:100::/home/u:/bin/sh`)
  const text = ['root:x:0:0::/root:/bin/sh', 'nobody:x:65534:65534::/:/bin/false', ...passwd].join('\n')
  assert.is(peopleIn(text), 300)
  assert.match(memoryExpectation(['authpam'], text) ?? '', /^300 system users: .* 3\.2 GiB in all/)
  assert.is(memoryExpectation(['authuserdb'], text), undefined)
  assert.is(memoryExpectation(['authpam'], 'a:x:1000:100::/:/bin/sh'), undefined)
})

processes.run()
