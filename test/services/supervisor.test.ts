import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {connect as connectTls} from 'node:tls'
import * as assert from 'uvu/assert'
import {createLog} from '../../src/log/create-log.js'
import {withValues} from '../../src/services/demo/make-demo.js'
import type {RunningServer} from '../../src/services/running-server.js'
import {startServer} from '../../src/services/supervisor.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const supervisor = suite('Supervisor', {limitMs: 20_000})
const isRoot = process.geteuid?.() === 0

interface Host extends AsyncDisposable {
  readonly directory: string
  readonly server: RunningServer
  readonly lines: string[]
  /** Puts values into `imapd`. */
  configure(values: Record<string, string>): void
  /** First line that the plain port says. */
  greeting(): Promise<string>
}

function writeConfiguration(directory: string): void {
  for (const name of ['imapd', 'imapd-ssl', 'authdaemonrc']) cpSync(resolve('templates', name), join(directory, name))
  const rc = join(directory, 'authdaemonrc')
  writeFileSync(rc, withValues(readFileSync(rc, 'utf8'), {authdaemonvar: join(directory, 'authdaemon')}))
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(directory, 'cert.pem'), keyPem + certificatePem)
  const ssl = readFileSync(join(directory, 'imapd-ssl'), 'utf8')
  writeFileSync(join(directory, 'imapd-ssl'), withValues(ssl, {TLS_CERTFILE: join(directory, 'cert.pem')}))
}

async function host(): Promise<Host> {
  const directory = mkdtempSync(join(tmpdir(), `courier-host-${randomBytes(2).toString('hex')}-`))
  writeConfiguration(directory)
  const lines: string[] = []
  const log = createLog({
    format: 'text',
    debug: false,
    now: () => new Date(),
    write: (text) => lines.push(...text.split('\n').slice(0, -1)),
  })
  const [port = 0, tlsPort = 0] = await freePorts(2)
  const configure = (values: Record<string, string>) => {
    const path = join(directory, 'imapd')
    writeFileSync(path, withValues(readFileSync(path, 'utf8'), values))
  }
  configure({PORT: `127.0.0.1.${port}`})
  const server = await startServer({
    directory,
    authDirectory: directory,
    services: [],
    endpoints: {imaps: [{address: '127.0.0.1', port: tlsPort}]},
    user: undefined,
    version: '1',
    index: {kind: 'flat', cache: join(directory, 'cache')},
    log,
  })
  return {
    directory,
    server,
    lines,
    configure,
    async greeting() {
      const socket = connect(port, '127.0.0.1')
      const [chunk] = await once(socket, 'data')
      socket.destroy()
      return String(chunk).split('\r\n')[0] ?? ''
    },
    async [Symbol.asyncDispose]() {
      await server.stop(200)
      rmSync(directory, {recursive: true})
    },
  }
}

supervisor('serves what the files switch on', async () => {
  await using mail = await host()
  assert.equal([...mail.server.endpoints.keys()], ['imap', 'imaps'])
  assert.match(await mail.greeting(), /^\* OK \[CAPABILITY IMAP4rev1 [^\]]*STARTTLS[^\]]*\] Courier-IMAP ready/)
})

supervisor('reload: new settings for new connections', async () => {
  await using mail = await host()
  mail.configure({IMAP_CAPABILITY: 'IMAP4rev1 X-MINE'})
  await mail.server.reload()
  assert.match(await mail.greeting(), /^\* OK \[CAPABILITY IMAP4rev1 X-MINE /)
  assert.ok(mail.lines.includes('NOTICE: server.reloaded'), mail.lines.join('\n'))
})

supervisor('reload: a broken configuration is refused whole, with every problem', async () => {
  await using mail = await host()
  const before = await mail.greeting()
  mail.configure({IMAP_CAPABILITY: 'IMAP4rev1 X-MINE', MAXDAEMONS: 'none'})
  writeFileSync(join(mail.directory, 'authdaemonrc'), 'authmodulelist = x\n')
  await mail.server.reload()
  assert.is(await mail.greeting(), before)
  const text = mail.lines.join('\n')
  assert.match(text, /ERR: config\.refused, reason=The configuration that was running stays/)
  assert.match(text, /ERR: config\.problem, reason=.*imapd:\d+: MAXDAEMONS: A number above 0 is expected, not "none"/)
  assert.match(text, /ERR: config\.problem, reason=.*authdaemonrc:1: Blanks around "="/)
})

supervisor('reload: a certificate that is gone is refused, other ports wait for the next start', async () => {
  await using mail = await host()
  rmSync(join(mail.directory, 'cert.pem'))
  await mail.server.reload()
  assert.match(mail.lines.join('\n'), /ERR: config\.problem, reason=.*cert\.pem: There is no such certificate file/)
  writeConfiguration(mail.directory)
  await mail.server.reload()
  assert.match(mail.lines.join('\n'), /WARN: config\.needs-restart, reason=Other ports for imap take effect at the next start/)
  assert.match(await mail.greeting(), /STARTTLS/)
})

supervisor('STARTTLS: what came with it in clear is never executed (example 45)', async () => {
  await using mail = await host()
  const socket = connect(mail.server.endpoints.get('imap')?.[0]?.port ?? 0, '127.0.0.1')
  await once(socket, 'data')
  socket.write('a STARTTLS\r\nb NOOP\r\n')
  const [answer] = await once(socket, 'data')
  assert.is(String(answer), 'a OK Begin SSL/TLS negotiation now.\r\n')
  const secure = connectTls({socket, rejectUnauthorized: false})
  await once(secure, 'secureConnect')
  secure.write('c NOOP\r\nd CAPABILITY\r\n')
  let text = ''
  while (!text.includes('d OK')) text += String((await once(secure, 'data'))[0])
  assert.match(text, /^c OK [^\r]*\r\n\* CAPABILITY IMAP4rev1 /)
  assert.not.match(text, /STARTTLS|^b /m)
  secure.destroy()
})

supervisor('stop says goodbye to sessions', async () => {
  const mail = await host()
  const port = mail.server.endpoints.get('imap')?.[0]?.port ?? 0
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  await once(socket, 'data')
  const began = Date.now()
  await Promise.all([mail.server.stop(5_000), once(socket, 'close')])
  assert.match(text, /\r\n\* BYE Courier-IMAP server shut down by signal\.\r\n$/)
  assert.ok(Date.now() - began < 4_000)
  rmSync(mail.directory, {recursive: true})
})

supervisor('courier serve: SIGHUP reloads, SIGTERM ends with 0', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'courier-host-'))
  writeConfiguration(directory)
  if (isRoot) chownSync(directory, 65_534, 65_534)
  try {
    const [port] = await freePorts(1)
    const args = ['serve', 'imap', '--config', directory, '--port', `127.0.0.1.${port}`, '--log-format', 'json']
    await using server = startCourier([...args, ...(isRoot ? ['--user', 'nobody'] : [])])
    assert.ok(await server.until('server.listening'), server.errors())
    server.child.kill('SIGHUP')
    assert.ok(await server.until('server.reloaded'), server.errors())
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'data')
    server.child.kill('SIGTERM')
    await once(socket.resume(), 'close')
    assert.is(await server.ended(), 0)
    const events = server
      .errors()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as {event: string}).event)
    for (const event of ['server.listening', 'server.reloaded', 'server.stopping', 'server.stopped'])
      assert.ok(events.includes(event), event)
  } finally {
    rmSync(directory, {recursive: true})
  }
})

supervisor('courier serve: what is missing is said', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'courier-host-'))
  try {
    const user = isRoot ? ['--user', 'nobody'] : []
    const empty = startCourier(['serve', '--config', directory, ...user])
    assert.is(await empty.ended(), 1)
    assert.match(empty.errors(), /^Error: .*\/imapd: The file does not exist$/m)
    writeConfiguration(directory)
    rmSync(join(directory, 'cert.pem'))
    const bare = startCourier(['serve', 'imaps', '--config', directory, ...user])
    assert.is(await bare.ended(), 1)
    assert.match(bare.errors(), /^Error: .*cert\.pem: There is no such certificate file \(imaps needs a certificate: .*TLS_CERTFILE/m)
    if (!isRoot) return
    writeConfiguration(directory)
    const imapd = readFileSync(join(directory, 'imapd'), 'utf8')
    writeFileSync(join(directory, 'imapd'), withValues(imapd, {MAILUSER: 'no-such-user'}))
    const root = startCourier(['serve', 'imap', '--config', directory])
    assert.is(await root.ended(), 1)
    assert.match(
      root.errors(),
      /^Error: There is no user "no-such-user", which .*: make it \(useradd --system no-such-user\), name another one in MAILUSER/m,
    )
  } finally {
    rmSync(directory, {recursive: true})
  }
})

supervisor.run()
