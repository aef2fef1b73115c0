/** Debian's filter for Courier finds our failed logins, whatever way they came and wherever the log goes. */
import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {chownSync, existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {connect as connectTls} from 'node:tls'
import * as assert from 'uvu/assert'
import {syslogLine} from '../../src/log/syslog-line.js'
import {textLines} from '../../src/log/text-line.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {DialogueClient} from '../support/dialogue-client.js'
import {writeServerFiles} from '../support/server-files.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const fail2ban = suite('fail2ban', {limitMs: 60_000})
const FILTER = '/etc/fail2ban/filter.d/courier-auth.conf'
const isRoot = process.geteuid?.() === 0

/** The addresses that the filter takes from a log file, in order. */
function found(file: string): string[] {
  const out = execFileSync('fail2ban-regex', ['--out', 'ip', file, FILTER], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']})
  return out.split('\n').filter((line) => line !== '')
}

async function plain(host: string, port: number): Promise<DialogueClient> {
  const socket: Socket = connect({host, port})
  await once(socket, 'connect')
  return new DialogueClient(socket)
}

async function implicitTls(host: string, port: number): Promise<DialogueClient> {
  const socket = connectTls({host, port, rejectUnauthorized: false})
  await once(socket, 'secureConnect')
  return new DialogueClient(socket)
}

async function startTls(host: string, port: number): Promise<DialogueClient> {
  const socket = connect({host, port})
  await once(socket, 'data')
  socket.write('a STARTTLS\r\n')
  await once(socket, 'data')
  const secure = connectTls({socket, rejectUnauthorized: false})
  await once(secure, 'secureConnect')
  return new DialogueClient(secure)
}

const TRIES: readonly (readonly [string, typeof plain, 'imap' | 'imaps', string])[] = ['127.0.0.1', '::1'].flatMap((host) => [
  [host, plain, 'imap', 'LOGIN stranger wrong'] as const,
  [host, startTls, 'imap', 'LOGIN "a, ip=[203.0.113.7]" wrong'] as const,
  [host, implicitTls, 'imaps', 'AUTHENTICATE PLAIN AGEAYg=='] as const,
])

fail2ban.when(existsSync(FILTER) && hasPython, 'fail2ban or python3 is not installed')(
  "Debian's courier-auth filter finds failed logins over IPv4 and IPv6, in clear, STARTTLS and TLS, and nothing else",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'courier-fail2ban-'))
    try {
      writeServerFiles(directory)
      if (isRoot) chownSync(directory, 65_534, 65_534)
      const [port = 0, tlsPort = 0] = await freePorts(2)
      const both = (number: number) => `127.0.0.1.${number},::1.${number}`
      await using daemon = await DatagramListener.open(join(directory, 'log'))
      const args = ['serve', 'imap', 'imaps', '--config', directory, '--port', both(port), '--tls-port', both(tlsPort)]
      await using server = startCourier([...args, '--log', `syslog:${join(directory, 'log')}`, ...(isRoot ? ['--user', 'nobody'] : [])])
      await Promise.race([daemon.until((lines) => lines.some((line) => line.includes('server.listening, protocol=imaps'))), server.ended()])
      assert.is(server.child.exitCode, null, server.errors())
      await Promise.all(
        TRIES.map(async ([host, open, service, command]) => {
          const client = await open(host, service === 'imap' ? port : tlsPort)
          assert.match((await client.command(command)).at(-1) ?? '', /^x NO /)
          await client.command('LOGOUT')
        }),
      )
      const lines = await daemon.until((all) => all.filter((line) => line.includes('LOGOUT')).length === TRIES.length)
      const failed = lines.filter((line) => line.includes('LOGIN FAILED'))
      assert.is(failed.length, TRIES.length)
      assert.is(failed.filter((line) => / imapd-ssl: LOGIN FAILED, method=PLAIN, ip=\[/.test(line)).length, 2)
      assert.is(failed.filter((line) => / imapd: LOGIN FAILED, user=/.test(line)).length, 4)

      // As syslogd writes them: without the priority, with the name of the host.
      const file = join(directory, 'mail.log')
      writeFileSync(file, lines.map((line) => `${line.replace(/^<\d+>(.{15})/, '$1 host')}\n`).join(''))
      const addresses = found(file)
      assert.equal(addresses.sort(), ['127.0.0.1', '127.0.0.1', '127.0.0.1', '::1', '::1', '::1'])
    } finally {
      rmSync(directory, {recursive: true})
    }
  },
)

fail2ban.when(existsSync(FILTER), 'fail2ban is not installed')("Debian's filter finds the lines of POP3 as well, under both names", () => {
  const directory = mkdtempSync(join(tmpdir(), 'courier-fail2ban-'))
  try {
    const file = join(directory, 'mail.log')
    const line = (service: 'pop3d' | 'pop3d-ssl', ip: string) => {
      const [text = ''] = textLines('info', 'pop3.login-failed', {user: 'joe', ip, port: 1})
      return `${syslogLine(text, {name: service, facility: 2, time: new Date()}).replace(/^<\d+>(.{15})/, '$1 host')}\n`
    }
    writeFileSync(file, line('pop3d', '::ffff:192.0.2.1') + line('pop3d-ssl', '2001:db8::1'))
    assert.equal(found(file).sort(), ['192.0.2.1', '2001:db8::1'])
  } finally {
    rmSync(directory, {recursive: true})
  }
})

fail2ban.run()
