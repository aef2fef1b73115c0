import {once} from 'node:events'
import {createServer, type Server, type Socket} from 'node:net'
import {inspect} from 'node:util'
import * as assert from 'uvu/assert'
import {authdaemon} from '../../src/auth/modules/authdaemon/authdaemon.js'
import {Turns} from '../../src/auth/modules/authdaemon/turns.js'
import type {AuthModule} from '../../src/auth/modules/module.js'
import {Secret} from '../../src/log/secret.js'
import {suite} from '../support/suite.js'
import {daemon} from './support/daemon.js'
import {assertClean, MARKER, NEXT_MARKER} from './support/marker.js'
import {scratch} from './support/scratch.js'

const client = suite('Accounts of an authdaemond', {limitMs: 20_000})

const FAST = {connectMs: 200, writeMs: 200, replyMs: 150, listMs: 150}

/** Something at a socket that answers each connection as it is told, after the first octets have come. */
async function fake(answer: (socket: Socket, request: string) => void) {
  const place = await scratch()
  const requests: string[] = []
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (chunk) => {
      requests.push(chunk.toString('latin1'))
      answer(socket, chunk.toString('latin1'))
    })
  })
  server.listen(place.path('socket'))
  await once(server, 'listening')
  const module = authdaemon({
    path: place.path('socket'),
    daemons: 5,
    times: FAST,
    findSystemUid: async (name) => (name === 'sys' ? 700 : undefined),
  })
  return {
    module,
    requests,
    async [Symbol.asyncDispose]() {
      await module.close()
      server.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

function check(module: AuthModule, user: string, password: string, remote = '192.0.2.1') {
  return module.check({service: 'imap', user, password: new Secret(password), remote})
}

/** The outcome; what is thrown counts as unavailable, as in the chain. */
async function outcome(module: AuthModule, user = 'bob', password = 'secret'): Promise<string> {
  return check(module, user, password).then(
    (result) => result.outcome,
    () => 'unavailable',
  )
}

client('our own daemon: check, look up, health', async () => {
  await using at = await daemon()
  const module = authdaemon({path: at.socket, daemons: 5})
  assert.equal(await module.health(), {usable: true})
  const result = await check(module, 'ann@corp.example', 'secret')
  assert.is(result.outcome, 'accepted')
  if (result.outcome !== 'accepted') return
  const {passwordHash, clearPassword, ...rest} = result.account
  assert.equal(rest, {
    address: 'ann@corp.example',
    uid: 5001,
    gid: 5001,
    home: '/srv/mail/ann',
    maildir: './Maildir',
    quota: '5000000S',
    fullName: 'Ann Lee',
    options: 'sharedgroup=north',
  })
  assert.is(clearPassword?.reveal(), 'secret')
  assert.match(passwordHash?.reveal() ?? '', '{SHA}')
  assert.is((await check(module, 'ann@corp.example', 'wrong')).outcome, 'refused')
  assert.is((await module.find('imap', 'bob')).outcome, 'accepted')
  assert.is((await module.find('imap', 'nobody')).outcome, 'refused')
  await module.close()
})

client('sends what the original sends', async () => {
  await using at = await fake((socket) => socket.end('FAIL\n'))
  await check(at.module, 'jörg', 's\xf6cret', '2001:db8::1')
  await check(at.module, 'bob', 'x', 'unix')
  await at.module.find('imap', 'a b')
  await at.module.changePassword?.({service: 'imap', user: 'bob', oldPassword: new Secret('a'), newPassword: new Secret('b'), remote: ''})
  await at.module.checkChallenge?.({service: 'imap', method: 'cram-md5', challenge: 'Y2g=', response: 'cmVz', remote: ''})
  assert.equal(at.requests, [
    'TCPREMOTEIP=2001:db8::1\nAUTH 24\nimap\nlogin\nj\xc3\xb6rg\ns\xf6cret\n',
    'AUTH 17\nimap\nlogin\nbob\nx\n',
    'PRE . imap a b\n',
    'PASSWD imap\tbob\ta\tb\n',
    'AUTH 24\nimap\ncram-md5\nY2g=\ncmVz\n',
  ])
})

client('names and passwords that the protocol cannot carry are refused without asking', async () => {
  await using at = await fake((socket) => socket.end('GID=1\nUID=1\nHOME=/\nADDRESS=x\n.\n'))
  for (const user of ['a\nb', 'a\0b', 'x'.repeat(9000), 'a\rb']) {
    assert.is(await outcome(at.module, user), 'refused', JSON.stringify(user.slice(0, 5)))
    assert.is((await at.module.find('imap', user)).outcome, 'refused')
    assert.is(await outcome(at.module, 'bob', user), 'refused')
  }
  assert.is((await at.module.find('imap', '')).outcome, 'refused')
  assert.equal(at.requests, [])
})

for (const [title, reply, expected] of [
  ['an account', 'UID=1\nGID=2\nHOME=/h\nADDRESS=x\n.\n', 'accepted'],
  ['an account, and more after it', 'UID=1\nGID=2\nHOME=/h\nADDRESS=x\n.\nFAIL\n', 'accepted'],
  ['lines without = and unknown names', 'junk\nX=1\n=\nUID=1\nGID=2\nHOME=/h\nADDRESS=x\n.\n', 'accepted'],
  ['a system user', 'USERNAME=sys\nGID=2\nHOME=/h\nADDRESS=x\n.\n', 'accepted'],
  ['FAIL', 'FAIL\n', 'refused'],
  ['nothing', '', 'unavailable'],
  ['half an account', 'UID=1\nGID=2\nHOME=/h\n', 'unavailable'],
  ['FAIL without its line feed', 'FAIL', 'unavailable'],
  ['a system user that is not known here', 'USERNAME=other\nGID=2\nHOME=/h\nADDRESS=x\n.\n', 'unavailable'],
  ['no ids', 'HOME=/h\nADDRESS=x\n.\n', 'unavailable'],
  ['ids that are none', 'UID=-1\nGID=99999999999\nHOME=/h\nADDRESS=x\n.\n', 'unavailable'],
  ['no name', 'UID=1\nGID=2\nHOME=/h\n.\n', 'unavailable'],
  ['garbage', '\xff\0\n\n\n', 'unavailable'],
  ['far too much', `X=${'x'.repeat(200_000)}\n`, 'unavailable'],
] as const) {
  client(`${title} is ${expected}`, async () => {
    await using at = await fake((socket) => socket.end(reply, 'latin1'))
    assert.is(await outcome(at.module), expected)
    assert.is(
      await at.module.find('imap', 'x').then(
        ({outcome: found}) => found,
        () => 'unavailable',
      ),
      expected,
    )
  })
}

client('a daemon that is silent, slow, gone or closes at once is unavailable', async () => {
  await using silent = await fake(() => undefined)
  assert.is(await outcome(silent.module), 'unavailable')
  await using slow = await fake((socket) => {
    const timer = setInterval(() => socket.write('X=1\n'), 10)
    socket.once('close', () => clearInterval(timer))
  })
  const began = performance.now()
  assert.is(await outcome(slow.module), 'unavailable')
  assert.ok(performance.now() - began < 2_000)
  await using rude = await fake((socket) => socket.destroy())
  assert.is(await outcome(rude.module), 'unavailable')
  const none = authdaemon({path: '/nonexistent/socket', daemons: 5})
  assert.is(await outcome(none), 'unavailable')
  assert.equal(await none.health(), {usable: false, reason: 'No authdaemond answers at /nonexistent/socket'})
})

client('closing ends what waits', async () => {
  await using at = await fake(() => undefined)
  const waiting = [outcome(at.module), outcome(at.module)]
  await new Promise((resolve) => setTimeout(resolve, 20))
  await at.module.close()
  assert.equal(await Promise.all(waiting), ['unavailable', 'unavailable'])
})

client('a list of accounts is read to its end, and an unfinished one fails', async () => {
  const list = '# authuserdb\n\nann\t1\t2\t/h/a\t./Maildir\ta=1,b\nb#c\t3\t4\t/h/b\t\t\nroot\t0\t0\t/root\t\t\nshort\t1\t2\n'
  await using whole = await fake((socket) => socket.end(`${list}.\n`))
  const accounts: unknown[] = []
  for await (const account of whole.module.enumerate?.() ?? []) accounts.push(account)
  assert.equal(accounts, [
    {name: 'ann', uid: 1, gid: 2, home: '/h/a', maildir: './Maildir', options: 'a=1,b'},
    {name: 'b#c', uid: 3, gid: 4, home: '/h/b', maildir: undefined, options: undefined},
  ])
  for (const reply of [list, '', `${'x'.repeat(100_000)}`]) {
    await using broken = await fake((socket) => socket.end(reply))
    const read = async () => {
      for await (const _ of broken.module.enumerate?.() ?? []);
    }
    assert.is(await read().catch((error: Error) => error.name), 'Fault')
  }
})

client('OK means changed, FAIL refused, everything else unavailable', async () => {
  for (const [reply, expected] of [
    ['OK\n', 'changed'],
    ['FAIL\n', 'refused'],
    ['', 'unavailable'],
    ['OK', 'unavailable'],
    ['YES\n', 'unavailable'],
  ] as const) {
    await using at = await fake((socket) => socket.end(reply))
    const change = {service: 'imap', user: 'bob', oldPassword: new Secret('a'), newPassword: new Secret('b'), remote: ''}
    assert.is((await at.module.changePassword?.(change))?.outcome, expected)
  }
})

client('requests take turns by address, as many at a time as there are daemons', async () => {
  const turns = new Turns({places: 1, waiting: {items: 3, itemsOfSource: 2}})
  const order: string[] = []
  let release = () => {}
  const first = turns.run('a', () => new Promise<void>((resolve) => (release = resolve)))
  const run = (source: string, name: string) => turns.run(source, async () => void order.push(name))
  const rest = [run('a', 'a1'), run('a', 'a2'), run('b', 'b1')]
  await run('c', 'c1').then(assert.unreachable, (error: Error) => assert.match(error.message, 'Too many'))
  release()
  await Promise.all([first, ...rest])
  assert.equal(order, ['a1', 'b1', 'a2'])
})

client('no password appears in logs, answers or errors, whatever the daemon does', async () => {
  for (const answer of ['', 'FAIL\n', 'JUNK\n.\n', 'ECHO']) {
    await using at = await fake((socket, request) => socket.end(answer === 'ECHO' ? request : answer))
    const request = {service: 'imap', user: 'ann', oldPassword: new Secret(MARKER), newPassword: new Secret(NEXT_MARKER), remote: ''}
    const told = await Promise.all(
      [check(at.module, 'ann', MARKER), at.module.changePassword?.(request)].map((each) => each?.catch((error: unknown) => error)),
    )
    assertClean(inspect(told, {depth: 9}) + JSON.stringify(told), 'an answer')
    assert.ok(at.requests.length > 0)
  }
  await using at = await daemon()
  const type = {name: 'authdaemon', create: () => authdaemon({path: at.socket, daemons: 5})}
  assert.is((await check(authdaemon({path: at.socket, daemons: 5}), 'ann@corp.example', MARKER)).outcome, 'refused')
  const told = await Promise.allSettled(['ann@corp.example', 'nobody', 'a\nb'].map((user) => check(type.create(), user, MARKER)))
  assertClean(inspect(told, {depth: 9}) + at.log.lines.join('\n'), 'an answer or the log of the daemon')
})

client.run()
