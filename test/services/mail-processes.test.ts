/** Mail processes as the supervisor has them. Root only. */
import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, mkdirSync} from 'node:fs'
import {type AddressInfo, connect, createServer, type Socket} from 'node:net'
import {join} from 'node:path'
import {type Duplex, duplexPair} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type {Account} from '../../src/auth/account.js'
import {plainAccount} from '../../src/auth/plain-account.js'
import {DEFAULT_IMAP_SETTINGS} from '../../src/imap/settings.js'
import {detachSocket, type SocketHandle} from '../../src/net/passed-socket.js'
import {bindLocalSocket} from '../../src/net/server-handle.js'
import {InspectedParts} from '../../src/services/control/inspected-parts.js'
import {MailProcesses} from '../../src/services/processes/mail-processes.js'
import {type FromMail, type MailConfiguration, readFromMail, type ToFront, type ToMail} from '../../src/services/processes/messages.js'
import {RemoteMail} from '../../src/services/processes/remote-mail.js'
import {RoleProcess} from '../../src/services/processes/role-process.js'
import {Channel} from '../../src/wire/channel.js'
import {Deadlines} from '../../src/wire/deadlines.js'
import {StopSignal} from '../../src/wire/stop-signal.js'
import {recordingLog} from '../auth/support/scratch.js'
import {DialogueClient} from '../support/dialogue-client.js'
import {until} from '../support/process-host.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const mail = suite('Mail processes', {limitMs: 30_000})
const test = mail.when(process.geteuid?.() === 0, 'processes of other users need root')

const IDS = {uid: 52_010, gid: 52_010}

const CONFIGURATION: MailConfiguration = {
  services: [
    {
      name: 'imap',
      imap: {...DEFAULT_IMAP_SETTINGS, failedLoginMs: 50},
      mail: {checkOwner: true, useLocks: true, keywordsMode: 1, trashFolder: 'Trash'},
    },
  ],
  umask: 0o022,
  index: {kind: 'memory', cache: '/nonexistent'},
  log: {format: 'text', debug: false, identities: {}},
}

const CONNECTION = {tag: 'a', elapsedMs: 1, encrypted: true, remote: {ip: '::ffff:192.0.2.1', port: 999}, unread: ''}

function accountAt(directory: string, name: string, ids = IDS): Account {
  const home = join(directory, name)
  for (const part of ['', 'Maildir', 'Maildir/cur', 'Maildir/new', 'Maildir/tmp']) {
    mkdirSync(join(home, part), {recursive: true, mode: 0o700})
    chownSync(join(home, part), ids.uid, ids.gid)
  }
  return {name, ...ids, home, maildir: join(home, 'Maildir'), quota: undefined, fullName: undefined, options: new Map()}
}

test('end a while after their last session, and the next login starts another one', async () => {
  using directory = temporaryDirectory()
  chmodSync(directory.path, 0o755)
  const told: ToFront[] = []
  const ended: number[] = []
  const front = {send: (message: ToFront) => void told.push(message)}
  const processes = new MailProcesses({
    configuration: () => CONFIGURATION,
    spawn: ({uid, gid}, title) => ({role: 'mail', title, user: {uid, gid}, noNewPrivileges: true, heapMiB: undefined}),
    shares: () => 1,
    directory: directory.path,
    front: {name: 'root', uid: 0, gid: 0},
    giveBack: () => {
      throw new Error('A session was given back')
    },
    ended: (session) => void ended.push(session),
    parts: new InspectedParts(),
    jsonLine: () => undefined,
    log: recordingLog(),
    idleMs: 100,
  })
  const [ann, bob] = [accountAt(directory.path, 'ann'), accountAt(directory.path, 'bob')]
  const begin = async (session: number, account: Account): Promise<DialogueClient> => {
    const message = {kind: 'hand-over', session, service: 'imap', ticket: '', passed: false, connection: CONNECTION} as const
    processes.take({front, account, handle: undefined, message})
    const place = () => told.find((each) => each.kind === 'relay' && each.session === session)
    await until(() => place() !== undefined, 'the mail process is ready')
    const {path = '', key = ''} = (place() ?? {}) as {readonly path?: string; readonly key?: string}
    const socket: Socket = connect({path, allowHalfOpen: true})
    await once(socket, 'connect')
    socket.write(key)
    const client = new DialogueClient(socket)
    assert.is(await client.lines.line(), 'a OK LOGIN Ok.')
    return client
  }
  const [first, second] = await Promise.all([begin(1, ann), begin(2, bob)])
  assert.is(processes.count, 1, 'accounts of one uid have one process')
  await first.transcript('C: b LOGOUT\nS: * BYE *\nS: b OK *')
  await until(() => ended.includes(1), 'the session ends')
  assert.is(processes.count, 1)
  await second.transcript('C: b LOGOUT\nS: * BYE *\nS: b OK *')
  await until(() => processes.count === 0, 'the process ends')
  const third = await begin(3, ann)
  assert.is(processes.count, 1)
  const stopping = processes.stop(1_000)
  assert.is(await third.lines.line(), '* BYE Courier-IMAP server shut down by signal.')
  await stopping
  assert.equal(ended.sort(), [1, 2, 3])
})

/** A connection of a client, and the server's end of it as a front passes it on. */
async function passedConnection(): Promise<{readonly client: Socket; readonly handle: SocketHandle}> {
  const server = createServer({pauseOnConnect: true}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  const detached = detachSocket(socket)
  if (!detached) throw new Error('The socket cannot be passed')
  return {client, handle: detached.handle}
}

test('a session that was handed over to a process which dies before it took it is served by the next one', async () => {
  using directory = temporaryDirectory()
  chmodSync(directory.path, 0o755)
  const ended: number[] = []
  const returned: number[] = []
  const processes: MailProcesses = new MailProcesses({
    configuration: () => CONFIGURATION,
    spawn: ({uid, gid}, title) => ({role: 'mail', title, user: {uid, gid}, noNewPrivileges: true, heapMiB: undefined}),
    shares: () => 1,
    directory: directory.path,
    front: {name: 'root', uid: 0, gid: 0},
    giveBack: ({message: {session}}) => void returned.push(session),
    ended: (session) => void ended.push(session),
    parts: new InspectedParts(),
    jsonLine: () => undefined,
    log: recordingLog(),
  })
  const mail = new RemoteMail({firstSession: 2, log: recordingLog()})
  const front = {send: (message: ToFront) => void (message.kind === 'relay' && mail.begin(message.session, message))}
  const account = accountAt(directory.path, 'ann')
  const hand = (session: number, handle: SocketHandle | undefined, unread = '') =>
    processes.take({
      front,
      account,
      handle,
      message: {
        kind: 'hand-over',
        session,
        service: 'imap',
        ticket: '',
        passed: handle !== undefined,
        connection: {...CONNECTION, encrypted: false, unread: Buffer.from(unread).toString('base64')},
      },
    })
  const pids = () =>
    execFileSync('pgrep', ['-P', String(process.pid), '-f', 'courier: mail'], {encoding: 'utf8'})
      .trim()
      .split('\n')
      .map(Number)
  const first = await passedConnection()
  hand(1, first.handle)
  assert.is(await new DialogueClient(first.client).lines.line(), 'a OK LOGIN Ok.')
  const [pid = 0] = pids()
  process.kill(pid, 'SIGSTOP')
  const passed = await passedConnection()
  hand(3, passed.handle, 'b NOOP\r\n')
  // The client's end of an encrypted session, as the front has it.
  const [near, far] = duplexPair()
  const channel = new Channel(far, {deadlines: new Deadlines(), encrypted: false})
  void mail.serve({...CONNECTION, channel, ticket: ''}, {service: 'imap', shutdown: new StopSignal()})
  hand(2, undefined)
  near.write('c NOOP\r\n')
  await sleep(100)
  process.kill(pid, 'SIGKILL')
  const clients: readonly (readonly [Duplex, string])[] = [
    [passed.client, 'b'],
    [near, 'c'],
  ]
  for (const [client, tag] of clients) {
    const {lines} = new DialogueClient(client)
    assert.is(await lines.line(), 'a OK LOGIN Ok.')
    assert.match((await lines.line()) ?? '', new RegExp(`^${tag} OK `))
  }
  assert.equal([ended, returned], [[1], []])
  await processes.stop(1_000)
  assert.equal(ended.sort(), [1, 2, 3])
  for (const socket of [first.client, passed.client]) socket.destroy()
})

test('serve no account but those of their own uid and gid, whoever asks', async () => {
  using directory = temporaryDirectory()
  chmodSync(directory.path, 0o755)
  const other = accountAt(directory.path, 'other', {uid: 52_011, gid: 52_010})
  const path = join(directory.path, 'socket')
  const handle = bindLocalSocket(path)
  let settle: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    settle = resolve
  })
  const running = new RoleProcess<ToMail, FromMail>({
    spawn: {role: 'mail', title: 'courier: mail', user: IDS, noNewPrivileges: true, heapMiB: undefined},
    read: readFromMail,
    take: (message) => (message.kind === 'ready' ? settle() : undefined),
    parts: new InspectedParts(),
    jsonLine: () => undefined,
    ended: () => undefined,
    log: recordingLog(),
  })
  running.send({kind: 'configure', ...CONFIGURATION})
  running.send({kind: 'socket'}, handle)
  await ready
  const key = 'k'.repeat(32)
  running.send({kind: 'session', session: 1, service: 'imap', account: plainAccount(other), connection: CONNECTION, key})
  const socket = connect({path, allowHalfOpen: true})
  socket.write(key)
  assert.match(
    (await new DialogueClient(socket).lines.line()) ?? '',
    /^\* BYE \[ALERT\] This server does not run as the owner of the account/,
  )
  socket.destroy()
  await running.stop({kind: 'stop', limitMs: 100}, 100)
  handle.close()
})

mail.run()
