/** A server of several processes, looked into over its control socket, and what systemd is told of it. Root only. */
import {once} from 'node:events'
import {createServer} from 'node:net'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {readLastLogins} from '../../src/auth/last-logins.js'
import {askAll} from '../../src/services/control/client.js'
import {followTrace} from '../../src/services/control/follow-trace.js'
import type {SessionInfo, TraceItem} from '../../src/services/control/inspectable.js'
import {askSessions} from '../../src/services/control/show-sessions.js'
import {askStatus} from '../../src/services/control/show-status.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {canSeparate, type ProcessHost, processHost, until, VIRTUAL} from '../support/process-host.js'
import {freePorts} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const control = suite('Control of processes', {limitMs: 60_000})
const test = control.when(canSeparate, 'separate roles need root and useradd')

const runOf = ({server}: ProcessHost) => ({run: server.run})

test('who, kick, status, metrics and last logins see all processes', async () => {
  using state = temporaryDirectory()
  const [port = 0] = await freePorts(1)
  await using host = await processHost({imapd: {METRICS_ADDRESS: String(port)}, env: {COURIER_STATE: state.path}})
  const [system = ''] = host.systemNames
  using one = await host.login('v1')
  using two = await host.login('v2', {tls: true})
  using three = await host.login(system)
  await two.command('SELECT INBOX')
  const sessions = await askSessions(undefined, runOf(host))
  const shown = sessions.map(({user, role, encrypted, folder, protocol}: SessionInfo) => ({user, role, encrypted, folder, protocol}))
  const virtual = `mail ${VIRTUAL.uid}:${VIRTUAL.gid}`
  const find = (name: string) => shown.find(({user}) => user === name)
  assert.is(shown.length, 3)
  assert.equal(find('v1'), {user: 'v1', role: virtual, encrypted: false, folder: undefined, protocol: 'IMAP'})
  assert.equal(find('v2'), {user: 'v2', role: virtual, encrypted: true, folder: 'INBOX', protocol: 'IMAP'})
  assert.match(find(system)?.role ?? '', new RegExp(`^mail \\d+:\\d+ ${system}$`))
  const [status] = await askStatus(runOf(host))
  assert.equal(status?.roles.map(({role}) => role.replace(/ .*/, '')).sort(), ['auth', 'front', 'mail', 'mail', 'supervisor'])
  assert.is(status?.roles.find(({role}) => role === virtual)?.sessions.IMAP, 2)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, {headers: {connection: 'close'}})).text()
  assert.match(text, new RegExp(`^courier_sessions\\{role="${virtual}",pid="\\d+",protocol="imap"\\} 2$`, 'm'))
  assert.equal(await askAll({request: 'kick', whom: 'v2'}, runOf(host)), [{kicked: 1}])
  assert.is(await two.lines.line(), '* BYE Disconnected by the administrator.')
  assert.equal((await askSessions('v1', runOf(host))).length, 1)
  for (const client of [one, three]) assert.match((await client.command('NOOP')).at(-1) ?? '', /^x OK /)
  host.server.child.kill('SIGTERM')
  await host.server.ended()
  assert.equal((await readLastLogins(state.path, undefined)).map(({user, service}) => `${user} ${service}`).length, 3)
  assert.is((await readLastLogins(state.path, 'v2'))[0]?.remote, '::ffff:127.0.0.1')
})

test('a socket in the mail user’s directory is not asked: a front that was taken over could answer there', async () => {
  await using host = await processHost()
  using client = await host.login('v1')
  const asked: string[] = []
  const liar = createServer((socket) => {
    asked.push('asked')
    socket.end(`${JSON.stringify({item: {user: 'nobody'}})}\n{"end":true}\n`)
  })
  liar.listen(join(host.server.run, 'control'))
  await once(liar, 'listening')
  try {
    assert.equal(
      (await askSessions(undefined, runOf(host))).map(({user}) => user),
      ['v1'],
    )
    assert.equal(asked, [])
    assert.match((await client.command('NOOP')).at(-1) ?? '', /^x OK /)
  } finally {
    liar.close()
  }
})

test('metrics are served by the front: root reads no request', async () => {
  const [port = 0] = await freePorts(1)
  await using host = await processHost({imapd: {METRICS_ADDRESS: String(port)}})
  const ask = async (limitMs: number) =>
    (await fetch(`http://127.0.0.1:${port}/metrics`, {headers: {connection: 'close'}, signal: AbortSignal.timeout(limitMs)})).text()
  const {pid} = host.role('courier: front')
  assert.match(await ask(15_000), /^courier_info\{/m)
  process.kill(pid, 'SIGSTOP')
  const silent = await ask(500).catch((error: Error) => error.name)
  process.kill(pid, 'SIGCONT')
  assert.is(silent, 'TimeoutError')
  assert.match(await ask(15_000), /^courier_info\{/m)
  process.kill(pid, 'SIGKILL')
  const next = async () => new RegExp(`role="front",pid="(?!${pid}")`).test(await ask(2_000).catch(() => ''))
  await until(next, 'the next front goes on with it')
})

test('a trace follows its user into processes that begin later, and through a rolling restart', async () => {
  await using host = await processHost()
  const items: TraceItem[] = []
  const end = new AbortController()
  const following = followTrace({user: 'v1', contents: false}, {...runOf(host), signal: end.signal}, (item) => items.push(item))
  following.catch(() => undefined)
  const has = (text: string) => items.some((item) => item.text === text)
  // No mail process lives yet, and when the trace has begun nobody tells.
  for (let number = 0; !items.some(({text}) => text.startsWith(`n${number - 1} `)) || number === 0; number++) {
    using first = await host.login('v1')
    await first.command('NOOP', `n${number}`)
  }
  using other = await host.login('v2')
  await other.command('NOOP', 'not-mine')
  await askAll({request: 'restart'}, runOf(host))
  using again = await host.login('v1')
  await again.command('NOOP', 'after')
  await until(() => has('after NOOP') && has('after OK NOOP completed'), 'the session after the restart is traced')
  assert.not.ok(items.some(({text}) => text.includes('not-mine')))
  end.abort()
  await following
})

control.when(canSeparate && hasPython, 'separate roles need root and useradd, and python3 to listen to datagrams')(
  'systemd is told by the supervisor, and by nobody else',
  async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'notify')
    await using systemd = await DatagramListener.open(path)
    await using host = await processHost({env: {NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000'}})
    await systemd.until((all) => all.some((text) => text.startsWith('READY=1\n')))
    assert.ok(systemd.received.some((text) => text.includes(`MAINPID=${host.server.child.pid}`)))
    await systemd.until((all) => all.includes('WATCHDOG=1'))
    for (const {environment} of host.roles().filter(({title}) => title !== 'courier: supervisor'))
      assert.not.ok(environment.some((entry) => entry.startsWith('NOTIFY_SOCKET=')))
    host.server.child.kill('SIGTERM')
    await systemd.until((all) => all.some((text) => text.startsWith('STOPPING=1\n')))
    await host.server.ended()
  },
)

control.run()
