import {once} from 'node:events'
import {statSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {rolesDirectory} from '../../src/config/places.js'
import {askAll} from '../../src/services/control/client.js'
import {followTrace} from '../../src/services/control/follow-trace.js'
import type {SessionInfo, TraceItem} from '../../src/services/control/inspectable.js'
import {InspectedParts} from '../../src/services/control/inspected-parts.js'
import {openControl} from '../../src/services/control/open-control.js'
import {defineRequest} from '../../src/services/control/request.js'
import {askSessions, sessionsText} from '../../src/services/control/show-sessions.js'
import {askStatus, statusText} from '../../src/services/control/show-status.js'
import {stopServer} from '../../src/services/control/stop-server.js'
import {Fault} from '../../src/support/fault.js'
import {controlledImap} from '../support/controlled-server.js'
import {PASSWORD} from '../support/imap-server.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const control = suite('Control socket', {limitMs: 20_000})

/** What a server tells of itself, but for what it knows of its sessions. */
const CONTROLLED = {
  version: '2',
  pid: 2,
  services: () => [],
  watch: () => () => {},
  reload: async () => {},
  stop: () => {},
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.instance(error, Fault)
  return error as Fault
}

control('who: sessions with folder, command and traffic; none before the login, none after the end', async () => {
  await using host = await controlledImap({inbox: ['Subject: x\n\nbody\n']})
  const stranger = await host.imap.connect()
  await stranger.lines.line()
  assert.equal(await host.ask({request: 'who'}), [])
  const client = await host.imap.login()
  await client.command('SELECT INBOX')
  const [session, ...others] = await host.ask<SessionInfo>({request: 'who'})
  assert.equal(others, [])
  assert.is(session?.user, 'alice')
  assert.is(session?.protocol, 'IMAP')
  assert.is(session?.ip, '::ffff:192.0.2.9')
  assert.is(session?.folder, 'INBOX')
  assert.is(session?.command, undefined)
  assert.is(session?.role, 'server')
  assert.is(session?.encrypted, false)
  assert.is(session?.received, 'x SELECT INBOX\r\n'.length)
  assert.ok((session?.sent ?? 0) > 100)
  assert.equal(await host.ask({request: 'who', user: 'bob'}), [])
  await client.send('y IDLE\r\n')
  await client.lines.line()
  const [idling] = await host.ask<SessionInfo>({request: 'who', user: 'alice'})
  assert.is(idling?.command, 'IDLE')
  assert.match(sessionsText(await askSessions(undefined, {run: host.run}), Date.now()), /^alice\s+IMAP\s+192\.0\.2\.9\s+INBOX\s+IDLE\s+0s/m)
  await client.send('DONE\r\n')
  await client.lines.line()
  await client.command('LOGOUT')
  client.socket.end()
  await host.imap.sessions[1]
  assert.equal(await host.ask({request: 'who'}), [])
})

control('kick: all sessions of a user or one by its id, with a BYE', async () => {
  await using host = await controlledImap()
  const [first, second] = [await host.imap.login(), await host.imap.login()]
  await first.send('a IDLE\r\n')
  await first.lines.line()
  const [, newest] = await askSessions('alice', {run: host.run})
  assert.equal(await host.ask({request: 'kick', whom: 'bob'}), [{kicked: 0}])
  assert.equal(await host.ask({request: 'kick', whom: newest?.id}), [{kicked: 1}])
  assert.is(await second.lines.line(), '* BYE Disconnected by the administrator.')
  assert.is(await second.lines.line(), undefined)
  second.socket.end()
  await host.imap.sessions[1]
  assert.equal(await host.ask({request: 'kick', whom: 'alice'}), [{kicked: 1}])
  assert.is(await first.lines.line(), '* BYE Disconnected by the administrator.')
  const disconnected = host.imap.sessions.length
  assert.is(disconnected, 2)
})

control('kick cuts a session whose client does not read', async () => {
  await using host = await controlledImap({inbox: [`Subject: x\n\n${'x'.repeat(40_000_000)}\n`]})
  const client = await host.imap.login()
  await client.command('SELECT INBOX')
  client.socket.pause()
  client.socket.write('z FETCH 1 BODY[]\r\n')
  for (;;) {
    const [session] = await host.ask<SessionInfo>({request: 'who'})
    if (session?.command === 'FETCH' && session.sent > 100_000) break
  }
  assert.equal(await host.ask({request: 'kick', whom: 'alice'}), [{kicked: 1}])
  await host.imap.sessions[0]
  assert.equal(await host.ask({request: 'who'}), [])
})

control('status: services, limits, counts, traffic, the last errors', async () => {
  await using host = await controlledImap({settings: {failedLoginMs: 1}})
  const client = await host.imap.connect()
  await client.lines.line()
  assert.match((await client.command('LOGIN alice wrong')).at(-1) ?? '', /^x NO /)
  assert.match((await client.command(`LOGIN alice ${PASSWORD}`)).at(-1) ?? '', /^x OK /)
  host.inspector.log.error('maildir.scan-failed', {path: '/srv/x', error: new Error('EIO: something broke')})
  for (let i = 0; i < 200; i++) host.inspector.log.warning('test.many', {count: i})
  const [status] = await askStatus({run: host.run})
  assert.is(status?.version, '1.2.3')
  if (!status) return
  const [role] = status.roles
  assert.equal([role?.sessions, role?.logins, role?.failures], [{IMAP: 1}, {IMAP: 1}, {IMAP: 1}])
  assert.is(role?.errors.length, 50)
  assert.is(role?.errors.at(-1)?.text, 'test.many, count=199')
  assert.ok((role?.memory.residentBytes ?? 0) > 1_000_000)
  const text = statusText(status, Date.now())
  assert.match(text, /^imap\s+127\.0\.0\.1:143\s+40\s+20$/m)
  assert.match(text, /^server\s+4711\s+\S+\s+1\s+1\s+1\s/m)
  assert.match(text, /server {2}warning {2}test\.many, count=199$/m)
  client.socket.destroy()
  await host.imap.sessions[0]
  const [after] = await askStatus({run: host.run})
  assert.equal(after?.roles[0]?.sessions, {})
  assert.ok((after?.roles[0]?.sent ?? 0) >= (role?.sent ?? 0))
})

control('status: an error is told with its message and no stack', async () => {
  await using host = await controlledImap()
  host.inspector.log.error('maildir.scan-failed', {path: '/srv/x', error: new Error('EIO: something broke')})
  const [status] = await askStatus({run: host.run})
  assert.is(status?.roles[0]?.errors[0]?.text, 'maildir.scan-failed, path=/srv/x, reason=EIO: something broke')
})

control('trace: lines of the sessions of a user, those that come included, and events; over when the client goes', async () => {
  await using host = await controlledImap({inbox: [`Subject: x\n\n${'secret words '.repeat(20)}\n`], settings: {failedLoginMs: 1}})
  const old = await host.imap.login()
  const end = new AbortController()
  const items: TraceItem[] = []
  let wake = () => {}
  const until = async (text: string) => {
    while (!items.some((item) => item.text.startsWith(text)))
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  const following = followTrace({user: 'alice', contents: false}, {run: host.run, signal: end.signal}, (item) => {
    items.push(item)
    wake()
  })
  following.catch(() => undefined)
  // The trace is on when the first line of it comes.
  for (let i = 0; items.length === 0; i++) await old.command('NOOP', `n${i}`)
  const fresh = await host.imap.connect()
  await fresh.lines.line()
  await fresh.command('LOGIN alice wrong-password')
  await fresh.command(`LOGIN alice ${PASSWORD}`)
  await fresh.command('SELECT INBOX')
  await fresh.command('FETCH 1 BODY[]')
  await fresh.command('LOGIN {5+}\r\nalice {6+}\r\nhidden')
  await fresh.command('LOGOUT', 'last')
  await until('last OK')
  const texts = items.map(({from, text}) => `${from} ${text}`)
  assert.ok(
    texts.some((text) => /^log LOGIN FAILED, user=alice, ip=\[::ffff:192\.0\.2\.9\]/.test(text)),
    texts.join('\n'),
  )
  for (const line of ['client x SELECT INBOX', 'client x FETCH 1 BODY[]', 'server [literal of 276 octets]', 'client x LOGIN [not shown]'])
    assert.ok(texts.includes(line), `${line} in\n${texts.join('\n')}`)
  assert.not.match(texts.join('\n'), /wrong-password|secret|hidden/)
  const ids = new Set(items.map(({id}) => id))
  assert.ok(ids.has('4711.1') && ids.has('4711.2') && ids.has(''))
  end.abort()
  await following
  // Nobody follows any more: the session is let go.
  for (;;) {
    const before = items.length
    await old.command('NOOP', 'over')
    if (items.length === before) break
  }
})

control('a request that is broken, unknown or too long has an answer, and the server goes on', async () => {
  await using host = await controlledImap({
    requests: [
      defineRequest({
        name: 'bug',
        read: () => undefined,
        run: async () => {
          throw new Error('private')
        },
      }),
    ],
  })
  const path = join(host.run, 'control')
  for (const [sent, answer] of [
    ['nonsense\n', /"bad-request","message":"The request is not JSON"/],
    ['[1]\n', /The request is no object/],
    ['{"request":"nothing"}\n', /This server knows no request \\"nothing\\"/],
    ['{"request":"bug"}\n', /"code":"bug","message":"Internal error, see the log"/],
    [`"${'x'.repeat(70_000)}`, /Expected a request on one line/],
  ] as const) {
    const socket = connect(path)
    let got = ''
    socket.on('data', (chunk) => {
      got += String(chunk)
    })
    socket.on('error', () => {})
    socket.write(sent)
    await once(socket, 'close')
    assert.match(got, answer)
  }
  const silent = connect({path, allowHalfOpen: true})
  silent.end()
  let said = ''
  for await (const chunk of silent) said += String(chunk)
  assert.match(said, /Expected a request on one line/)
})

control('nobody but the owner may connect; without a server that is said', async () => {
  await using host = await controlledImap()
  assert.is(statSync(join(host.run, 'control')).mode & 0o777, 0o600)
  using empty = temporaryDirectory()
  const nobody = await faultOf(askAll({request: 'who'}, {run: empty.path}))
  assert.match(nobody.message, /^No server runs here: nobody answers at .*\/control/)
  writeFileSync(join(empty.path, 'control'), '')
  assert.match((await faultOf(askAll({request: 'who'}, {run: empty.path}))).message, /^No server runs here/)
})

control('who: a slow client gets all of a long list', async () => {
  await using host = await controlledImap()
  const facts = {
    ...{protocol: 'IMAP', user: 'x'.repeat(1_000), ip: '::1', port: 1, encrypted: false, folder: undefined, command: undefined},
    ...{beganMs: 1, activeMs: 1, received: 10, sent: 20},
  }
  for (let i = 0; i < 10_000; i++) host.inspector.book.join({...facts, facts: () => facts, kick() {}, trace() {}})
  const socket = connect(join(host.run, 'control'))
  socket.pause()
  socket.write('{"request":"who"}\n')
  // What it does not read yet has to wait.
  await host.ask({request: 'kick', whom: 'nobody'})
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  assert.is(text.split('\n').filter((line) => line.startsWith('{"item":')).length, 10_000)
  assert.ok(text.endsWith('{"end":true}\n'))
})

control('several servers that share a directory are asked together', async () => {
  await using one = await controlledImap()
  await using two = await controlledImap()
  const log = one.inspector.log
  const server = {...CONTROLLED, inspect: two.inspector}
  const second = await openControl({run: one.run, server, owner: undefined, log})
  await one.imap.login()
  await two.imap.login()
  assert.is((await askSessions('alice', {run: one.run})).length, 2)
  assert.equal((await askStatus({run: one.run})).map(({version}) => version).sort(), ['1.2.3', '2'])
  await second?.stop()
  assert.is((await askSessions('alice', {run: one.run})).length, 1)
})

control('a server that cannot be seen beside one of several processes says so', async () => {
  await using one = await controlledImap()
  const roles = rolesDirectory(one.run)
  const log = new LogLines()
  const server = {...CONTROLLED, inspect: one.inspector}
  const other = await openControl({run: roles, server, owner: undefined, log})
  assert.equal(log.lines, [])
  const hidden = await openControl({run: one.run, server, owner: undefined, log})
  assert.match(log.lines.join(), /control\.hidden .*COURIER_RUN/)
  assert.equal((await askStatus({run: one.run})).length, 1)
  await hidden?.stop()
  await other?.stop()
})

control('a second server leaves the socket to the first; what a dead one left behind is replaced', async () => {
  await using host = await controlledImap()
  const {ControlServer} = await import('../../src/services/control/control-server.js')
  const options = {path: join(host.run, 'control'), requests: [], log: host.inspector.log, server: undefined as never}
  const second = new ControlServer(options)
  assert.is(await second.open(), 'taken')
  await second.stop()
  assert.equal(await host.ask({request: 'who'}), [])
})

control('stop: answers when the server has ended', async () => {
  let begun = false
  await using host = await controlledImap({
    server: {
      stop: () => {
        begun = true
        setImmediate(() => void host.control.stop())
      },
    },
  })
  await stopServer({run: host.run})
  assert.ok(begun)
})

control('reload: what the log says about it is answered, a refusal is one', async () => {
  let works = true
  await using host = await controlledImap({
    server: {
      reload: async () => {
        if (works) host.inspector.log.warning('config.problem', {reason: 'imapd:3: a warning'})
        else host.inspector.log.error('config.problem', {reason: 'imapd:4: an error'})
        if (works) host.inspector.log.notice('server.reloaded')
      },
    },
  })
  assert.equal(await host.ask({request: 'reload'}), [{level: 'warning', text: 'imapd:3: a warning'}])
  works = false
  const refused = await faultOf(host.ask({request: 'reload'}))
  assert.is(refused.code, 'bad-configuration')
})

control('several processes are asked as one', async () => {
  await using one = await controlledImap()
  await using two = await controlledImap()
  const all = new InspectedParts([one.inspector])
  all.add(two.inspector)
  const clients = [await one.imap.login(), await two.imap.login()]
  let count = 0
  for await (const sessions of all.sessions()) count += sessions.length
  assert.is(count, 2)
  assert.is((await all.states()).length, 2)
  const seen: TraceItem[] = []
  const stop = all.trace({user: 'alice', contents: false}, (item) => seen.push(item))
  for (const client of clients) await client.command('NOOP')
  stop()
  assert.is(seen.filter(({text}) => text === 'x NOOP').length, 2)
  assert.is(await all.kick({user: 'alice'}), 2)
  for (const client of clients) assert.is(await client.lines.line(), '* BYE Disconnected by the administrator.')
})

control.run()
