import * as assert from 'uvu/assert'
import {createLog, type LogFormat} from '../../src/log/create-log.js'
import type {Log} from '../../src/log/log.js'
import {Secret} from '../../src/log/secret.js'
import {suite} from '../support/suite.js'

const log = suite('Log lines')

function linesOf(act: (log: Log) => void, {format = 'text', debug = false}: {format?: LogFormat; debug?: boolean} = {}): string[] {
  const written: string[] = []
  act(createLog({format, debug, now: () => new Date(0), write: (lines) => written.push(lines)}))
  const out = written.join('')
  assert.ok(out === '' || out.endsWith('\n'))
  return out.split('\n').slice(0, -1)
}

const peer = {ip: '::ffff:192.0.2.1', port: 51234}
const work = {...peer, headers: 1, body: 2, rcvd: 3, sent: 4, seconds: 5}

/** `spec/imap.md` §22. */
const COURIER: readonly [title: string, act: (log: Log) => void, line: string][] = [
  ['connect', (out) => out.debug('imap.connection', peer), 'DEBUG: Connection, ip=[::ffff:192.0.2.1], port=[51234]'],
  [
    'failed LOGIN',
    (out) => out.info('imap.login-failed', {user: 'foo', ...peer}),
    'INFO: LOGIN FAILED, user=foo, ip=[::ffff:192.0.2.1], port=[51234]',
  ],
  [
    'failed AUTHENTICATE',
    (out) => out.info('imap.login-failed', {method: 'PLAIN', ...peer}),
    'INFO: LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.1], port=[51234]',
  ],
  ['auth system error', (out) => out.error('auth.error', {reason: 'Connection refused'}), 'ERR: authentication error: Connection refused'],
  [
    'success',
    (out) => out.info('imap.login', {user: 'jane@example.com', ...peer, protocol: 'IMAP'}),
    'INFO: LOGIN, user=jane@example.com, ip=[::ffff:192.0.2.1], port=[51234], protocol=IMAP',
  ],
  [
    'success under TLS',
    (out) => out.info('imap.login', {user: 'jane', ...peer, protocol: 'IMAP', tls: true}),
    'INFO: LOGIN, user=jane, ip=[::ffff:192.0.2.1], port=[51234], protocol=IMAP, starttls=1',
  ],
  [
    'LOGOUT before login',
    (out) => out.info('imap.logout', {...peer, rcvd: 3, sent: 4}),
    'INFO: LOGOUT, ip=[::ffff:192.0.2.1], port=[51234], rcvd=3, sent=4',
  ],
  [
    'disconnect before login',
    (out) => out.debug('imap.disconnected', {...peer, seconds: 5}),
    'DEBUG: Disconnected, ip=[::ffff:192.0.2.1], port=[51234], time=5',
  ],
  [
    'LOGOUT',
    (out) => out.info('imap.logout', {user: 'jane', ...work, tls: true}),
    'INFO: LOGOUT, user=jane, ip=[::ffff:192.0.2.1], port=[51234], headers=1, body=2, rcvd=3, sent=4, time=5, starttls=1',
  ],
  [
    'client closed',
    (out) => out.info('imap.disconnected', {user: 'jane', ...work}),
    'INFO: DISCONNECTED, user=jane, ip=[::ffff:192.0.2.1], port=[51234], headers=1, body=2, rcvd=3, sent=4, time=5',
  ],
  [
    'inactivity',
    (out) => out.info('imap.timeout', {user: 'jane', ...work}),
    'INFO: TIMEOUT, user=jane, ip=[::ffff:192.0.2.1], port=[51234], headers=1, body=2, rcvd=3, sent=4, time=5',
  ],
  [
    'signal',
    (out) => out.notice('imap.shutdown', {user: 'jane', ...work}),
    'NOTICE: Disconnected during shutdown by signal, user=jane, ip=[::ffff:192.0.2.1], port=[51234], headers=1, body=2, rcvd=3, sent=4, time=5',
  ],
  ['+t home', (out) => out.info('imap.locked', {user: 'jane', ...peer}), 'INFO: LOCKED, user=jane, ip=[::ffff:192.0.2.1], port=[51234]'],
]

const retrieved = {...peer, top: 1, retr: 2, rcvd: 3, sent: 4, seconds: 5}

/** `spec/pop3-smap-proxy.md` §1.10. */
const POP3: readonly [title: string, act: (log: Log) => void, line: string][] = [
  ['connect', (out) => out.debug('pop3.connection', peer), 'DEBUG: Connection, ip=[::ffff:192.0.2.1], port=[51234]'],
  ['end before login', (out) => out.debug('pop3.disconnected', peer), 'DEBUG: Disconnected, ip=[::ffff:192.0.2.1], port=[51234]'],
  ['QUIT before login', (out) => out.info('pop3.logout', peer), 'INFO: LOGOUT, ip=[::ffff:192.0.2.1], port=[51234]'],
  [
    'failed PASS',
    (out) => out.info('pop3.login-failed', {user: 'u\x01', ...peer}),
    'INFO: LOGIN FAILED, user=u., ip=[::ffff:192.0.2.1], port=[51234]',
  ],
  [
    'failed AUTH',
    (out) => out.info('pop3.login-failed', {method: 'PLAIN', ...peer}),
    'INFO: LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.1], port=[51234]',
  ],
  ['success', (out) => out.info('pop3.login', {user: 'joe', ...peer}), 'INFO: LOGIN, user=joe, ip=[::ffff:192.0.2.1], port=[51234]'],
  [
    'success under TLS',
    (out) => out.info('pop3.login', {user: 'joe', ...peer, tls: true}),
    'INFO: LOGIN, user=joe, ip=[::ffff:192.0.2.1], port=[51234], stls=1',
  ],
  [
    'QUIT',
    (out) => out.info('pop3.logout', {user: 'joe', ...retrieved, tls: true}),
    'INFO: LOGOUT, user=joe, ip=[::ffff:192.0.2.1], port=[51234], top=1, retr=2, rcvd=3, sent=4, time=5, stls=1',
  ],
  [
    'client closed',
    (out) => out.info('pop3.disconnected', {user: 'joe', ...retrieved}),
    'INFO: DISCONNECTED, user=joe, ip=[::ffff:192.0.2.1], port=[51234], top=1, retr=2, rcvd=3, sent=4, time=5',
  ],
  [
    'inactivity',
    (out) => out.info('pop3.timeout', {user: 'joe', ...retrieved}),
    'INFO: TIMEOUT, user=joe, ip=[::ffff:192.0.2.1], port=[51234], top=1, retr=2, rcvd=3, sent=4, time=5',
  ],
  [
    'a file that cannot be read',
    (out) => out.error('pop3.io-error', {user: 'joe', ...retrieved}),
    'INFO: I/O error disconnect, user=joe, ip=[::ffff:192.0.2.1], port=[51234], top=1, retr=2, rcvd=3, sent=4, time=5',
  ],
  [
    'DELE',
    (out) => out.info('pop3.deleted', {user: 'joe', ...peer, path: '1.x,S=9:2,'}),
    'INFO: DELETED, user=joe, ip=[::ffff:192.0.2.1], port=[51234], filename=cur/1.x,S=9:2,',
  ],
  ['+t home', (out) => out.info('pop3.locked', {user: 'joe', ...peer}), 'INFO: LOCKED, user=joe, ip=[::ffff:192.0.2.1], port=[51234]'],
]

for (const [title, act, line] of POP3) log(`Courier's POP3 line: ${title}`, () => assert.equal(linesOf(act), [line]))

for (const [title, act, line] of COURIER) log(`Courier's line: ${title}`, () => assert.equal(linesOf(act), [line]))

log('a name that looks like more of the line stays one field', () => {
  assert.equal(
    linesOf((out) => out.info('imap.login-failed', {user: 'x, ip=[203.0.113.7], y', ...peer})),
    ['INFO: LOGIN FAILED, user=x. ip=[203.0.113.7]. y, ip=[::ffff:192.0.2.1], port=[51234]'],
  )
})

log('other events are a name with facts', () => {
  assert.equal(
    linesOf((out) => out.warning('maildir.scan-failed', {path: '/m', reason: 'x'})),
    ['WARN: maildir.scan-failed, path=/m, reason=x'],
  )
})

log('debug events that Courier has not are shown only when asked for', () => {
  const act = (out: Log) => out.debug('maildir.scan', {count: 3})
  assert.equal(linesOf(act), [])
  assert.equal(linesOf(act, {debug: true}), ['DEBUG: maildir.scan, count=3'])
})

log('what a client typed cannot begin a line, and is cut', () => {
  const [line = '', ...more] = linesOf((out) =>
    out.info('imap.login-failed', {user: `a\r\nINFO: LOGIN, user=root\x1b[2Jé${'x'.repeat(5000)}`, ...peer}),
  )
  assert.equal(more, [])
  assert.match(line, /^INFO: LOGIN FAILED, user=a\.\.INFO: LOGIN\. user=root\.\[2J\.\.x+$/)
  assert.is(Buffer.byteLength(line), 1024)
  const [generic = ''] = linesOf((out) => out.info('imap.id', {user: 'jané', ...peer, pairs: [['name', 'x\ny\u2028z\u202e']]}))
  assert.is(generic, 'INFO: ID, user=jané, ip=[::ffff:192.0.2.1], port=[51234], name=x.y.z.')
})

log('a bug is logged with its stack and cause', () => {
  const lines = linesOf((out) => out.error('imap.bug', {error: new Error('Broken', {cause: new Error('Deeper\nline')})}))
  assert.is(lines[0], 'ERR: imap.bug')
  assert.match(lines.join('\n'), /Error: Broken\n.*\n?ERR: {3,}at /)
  assert.match(lines.join('\n'), /Deeper/)
  assert.ok(lines.every((line) => line.startsWith('ERR: ')))
})

log('JSON has the same facts, one object a line', () => {
  const [line = '', ...more] = linesOf(
    (out) => out.info('imap.id', {user: 'a\nb', ...peer, pairs: [['name', 'x']], error: new Error('e')}),
    {format: 'json'},
  )
  assert.equal(more, [])
  const {error, ...rest} = JSON.parse(line)
  assert.match(error, /^Error: e\n/)
  assert.equal(rest, {
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    service: 'imapd',
    event: 'imap.id',
    user: 'a\nb',
    ...peer,
    pairs: {name: 'x'},
  })
})

log('a secret is not shown', () => {
  for (const format of ['text', 'json'] as const) {
    const lines = linesOf((out) => out.error('auth.bug', {error: new Error('x', {cause: new Secret('hunter2')})}), {format})
    assert.not.match(lines.join('\n'), /hunter2/)
  }
})

log.run()
