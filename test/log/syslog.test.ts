import {once} from 'node:events'
import {readFileSync, renameSync} from 'node:fs'
import {join} from 'node:path'
import {Writable} from 'node:stream'
import * as assert from 'uvu/assert'
import {BoundedLines} from '../../src/log/bounded-lines.js'
import {LineFile} from '../../src/log/line-file.js'
import {readLoggerOptions} from '../../src/log/logger-options.js'
import {serviceLog} from '../../src/log/service-log.js'
import {syslogLine} from '../../src/log/syslog-line.js'
import {SyslogSender} from '../../src/log/syslog-sender.js'
import {logTarget, standardLog} from '../../src/services/standard-log.js'
import type {DatagramSocket, SendProblem} from '../../src/support/datagram-socket.js'
import {Fault} from '../../src/support/fault.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const syslog = suite('Syslog', {limitMs: 20_000})
const time = new Date(2026, 10, 7, 3, 4, 5)

for (const [line, expected] of [
  ['ERR: a', '<19>Nov  7 03:04:05 t: a'],
  ['WARN:  b', '<20>Nov  7 03:04:05 t: b'],
  ['c', '<22>Nov  7 03:04:05 t: c'],
  ['NOTICE: d', '<22>Nov  7 03:04:05 t: NOTICE: d'],
  ['DEBUG: e', '<23>Nov  7 03:04:05 t: e'],
  ['CRIT: f', '<18>Nov  7 03:04:05 t: f'],
  ['ALERT: g', '<17>Nov  7 03:04:05 t: g'],
  ['INFO: INFO: h', '<22>Nov  7 03:04:05 t: INFO: h'],
] as const) {
  syslog(`a line as courierlogger sends it: ${line}`, () => assert.is(syslogLine(line, {name: 't', facility: 2, time}), expected))
}

syslog('LOGGEROPTS gives name and facility, mail by default', () => {
  assert.equal(readLoggerOptions('-name=mine -facility=local3 -respawn', 'imapd'), {name: 'mine', facility: 19})
  assert.equal(readLoggerOptions('-facility=nonsense', 'imapd'), {name: 'imapd', facility: 2})
})

/** A daemon that can be made to do anything. */
class Daemon {
  readonly got: string[] = []
  state: 'up' | 'down' | SendProblem = 'up'
  connections = 0

  readonly connect = (): DatagramSocket | undefined => {
    if (this.state === 'down') return undefined
    const connection = ++this.connections
    return {
      send: (octets) => {
        if (this.state === 'down' || connection !== this.connections) return 'gone'
        if (this.state !== 'up') return this.state
        this.got.push(octets.toString())
        return undefined
      },
      close: () => {},
    }
  }

  restart(): void {
    this.connections += 1
    this.state = 'up'
  }
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!condition()) return
      clearInterval(timer)
      resolve()
    }, 2)
  })
}

syslog('a daemon that was started anew costs no line', () => {
  const daemon = new Daemon()
  const sender = new SyslogSender({connect: daemon.connect, lostLine: String})
  sender.send('one')
  daemon.restart()
  sender.send('two')
  sender.close()
  assert.equal(daemon.got, ['one', 'two'])
  assert.is(sender.lost, 0)
})

for (const state of ['down', 'full'] as const) {
  syslog(`a daemon that is ${state} gets its lines later, in order; those without room are counted and told`, async () => {
    const daemon = new Daemon()
    const sender = new SyslogSender({connect: daemon.connect, lostLine: (count) => `lost ${count}`, maxWaiting: 3})
    sender.send('0')
    daemon.state = state
    for (let i = 1; i <= 10; i++) sender.send(String(i))
    assert.equal(daemon.got, ['0'])
    daemon.state = 'up'
    await until(() => daemon.got.includes('lost 7'))
    sender.send('11')
    sender.close()
    assert.equal(daemon.got, ['0', '1', '2', '3', 'lost 7', '11'])
    assert.is(sender.lost, 7)
  })
}

syslog('a line that the daemon never takes is counted and does not stop the others', () => {
  const daemon = new Daemon()
  const sender = new SyslogSender({connect: daemon.connect, lostLine: String})
  daemon.state = 'too-long'
  sender.send('long')
  daemon.state = 'up'
  sender.send('next')
  sender.close()
  assert.equal(daemon.got, ['next'])
  assert.is(sender.lost, 1)
})

syslog('a reader of standard error that has stopped costs bounded memory, and is told what it missed', async () => {
  let isRead = false
  let release = () => {}
  const got: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      got.push(chunk)
      release = done
      if (isRead) done()
    },
  })
  const lines = new BoundedLines(stream, (count) => `lost ${count}`)
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 10_000; i++) lines.write(line)
  assert.ok(stream.writableLength < 5 * 1024 * 1024)
  assert.ok(lines.lost > 5_000)
  isRead = true
  const drained = once(stream, 'drain')
  release()
  await drained
  lines.write('after\n')
  assert.equal(got.slice(-2), [`lost ${lines.lost}\n`, 'after\n'])
})

syslog('JSON goes to a file, and to a new one when that was moved away', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'log.json')
  const file = new LineFile(path)
  file.write('one\n')
  file.write('two\n')
  await until(() => readFileSync(path, 'utf8') === 'one\ntwo\n')
  renameSync(path, `${path}.1`)
  await file.reopen()
  file.write('three\n')
  await file.close()
  assert.is(readFileSync(path, 'utf8'), 'three\n')
  assert.is(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n')
  assert.throws(
    () => new LineFile(join(directory.path, 'none', 'log.json')),
    (error: unknown) => error instanceof Fault,
  )
})

syslog('where to log is said by a word', async () => {
  assert.equal(await logTarget('stderr', {}), {kind: 'stderr'})
  assert.equal(await logTarget('syslog', {}), {kind: 'syslog', path: '/dev/log'})
  assert.equal(await logTarget('syslog:/run/log', {}), {kind: 'syslog', path: '/run/log'})
  assert.equal(await logTarget(undefined, {JOURNAL_STREAM: '1:2'}), {kind: 'stderr'})
  const wrong = await logTarget('paper', {}).catch((error: Error) => error.message)
  assert.is(wrong, '"paper" is no place for the log: stderr, syslog, or syslog:/PATH of its socket')
})

const onLinux = syslog.when(hasPython && process.platform === 'linux', 'no python3 to listen to datagrams')

onLinux('a real socket gets each line under the name of its service, also after the daemon was killed and started anew', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'log')
  const log = standardLog({format: 'text', debug: false, target: {kind: 'syslog', path}})
  const peer = {ip: '::ffff:192.0.2.1', port: 51234}
  log.info('imap.login-failed', {user: 'before', ...peer})
  {
    await using daemon = await DatagramListener.open(path)
    serviceLog(log, 'imapd-ssl').info('imap.login-failed', {user: 'foo', ...peer})
    log.error('auth.error', {reason: 'Connection refused'})
    log.notice('server.listening')
    const received = await daemon.until(({length}) => length >= 4)
    const texts = received.map((line) => line.replace(/^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /, '$1'))
    assert.equal(texts, [
      '<22>imapd: LOGIN FAILED, user=before, ip=[::ffff:192.0.2.1], port=[51234]',
      '<22>imapd-ssl: LOGIN FAILED, user=foo, ip=[::ffff:192.0.2.1], port=[51234]',
      '<19>authdaemond: authentication error: Connection refused',
      '<22>courier: NOTICE: server.listening',
    ])
  }
  log.info('imap.login', {user: 'between', ...peer})
  {
    await using daemon = await DatagramListener.open(path)
    log.identify({imapd: {name: 'mine', facility: 19}})
    log.info('imap.login', {user: 'after', ...peer})
    const received = await daemon.until(({length}) => length >= 2)
    assert.match(received[0] ?? '', /^<22>.* imapd: LOGIN, user=between,/)
    assert.match(received[1] ?? '', /^<158>.* mine: LOGIN, user=after,/)
  }
  await log.close()
  assert.is(log.lost(), 0)
})

onLinux('a daemon that hangs does not stop the event loop', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'log')
  await using daemon = await DatagramListener.open(path)
  const log = standardLog({format: 'text', debug: false, target: {kind: 'syslog', path}})
  daemon.signal('SIGSTOP')
  for (let i = 0; i < 1_000; i++) log.info('imap.login', {user: `u${i}`})
  assert.is(log.lost(), 0)
  daemon.signal('SIGCONT')
  const received = await daemon.until(({length}) => length === 1_000)
  assert.equal(
    received.map((line) => /user=(\w+)/.exec(line)?.[1]),
    received.map((_, i) => `u${i}`),
  )
  await log.close()
})

syslog.run()
