import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {createLog} from '../../src/log/create-log.js'
import {withValues} from '../../src/services/demo/make-demo.js'
import type {RunningServer} from '../../src/services/running-server.js'
import {startServer} from '../../src/services/supervisor.js'
import {askSocket, auth} from '../auth/support/daemon.js'
import {compile} from '../auth/support/scratch.js'
import {runProgram} from '../support/run-program.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const authdaemond = suite('courier authdaemond', {limitMs: 30_000})

const BOB = 'bob\tuid=5002|gid=5001|home=/srv/mail/bob|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n'
const LOGIN = auth('imap', 'login', 'bob', 'secret')

interface Host extends AsyncDisposable {
  readonly directory: string
  readonly socket: string
  configure(values: Record<string, string>): void
  accounts(text: string): Promise<void>
  /** `courier authdaemond WORDS` */
  command(...words: string[]): ReturnType<typeof runProgram>
}

async function host(): Promise<Host> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-ad-'))
  for (const name of ['imapd', 'imapd-ssl', 'authdaemonrc']) cpSync(resolve('templates', name), join(directory, name))
  const shipped = readFileSync(resolve('templates', 'authdaemonrc'), 'utf8').replace(/^# (AUTHDAEMON_SOCKET)=.*/m, '$1=')
  const set: Record<string, string> = {}
  const configure = (values: Record<string, string>) =>
    writeFileSync(join(directory, 'authdaemonrc'), withValues(shipped, Object.assign(set, values)))
  const accounts = async (text: string) => {
    writeFileSync(join(directory, 'userdb'), text, {mode: 0o600})
    assert.equal(await compile(join(directory, 'userdb')), [])
  }
  const command = (...words: string[]) =>
    runProgram(process.execPath, [resolve('bin/run.js'), 'authdaemond', '--config', directory, ...words])
  configure({authdaemonvar: join(directory, 'run')})
  await accounts(BOB)
  return {
    directory,
    socket: join(directory, 'run', 'socket'),
    configure,
    accounts,
    command,
    async [Symbol.asyncDispose]() {
      if (existsSync(join(directory, 'run', 'pid'))) await command('stop')
      rmSync(directory, {recursive: true})
    },
  }
}

authdaemond('start leaves it in the background, stop ends it, both say nothing and can be repeated', async () => {
  await using at = await host()
  const nothing = {code: 0, stdout: '', stderr: ''}
  assert.equal(await at.command('start'), nothing)
  assert.match(await askSocket(at.socket, LOGIN), /^UID=5002\n/)
  const pid = readFileSync(join(at.directory, 'run', 'pid'), 'utf8')
  assert.match(pid, /^\d+\n$/)
  assert.equal(await at.command('start'), nothing)
  assert.is(readFileSync(join(at.directory, 'run', 'pid'), 'utf8'), pid)
  const second = await at.command()
  assert.is(second.code, 1)
  assert.match(second.stderr, /^ERR: Another authdaemond runs in /m)
  assert.equal(await at.command('stop'), nothing)
  assert.not.ok(existsSync(at.socket))
  assert.equal(await at.command('stop'), nothing)
  assert.equal(await at.command('restart'), nothing)
})

authdaemond('in the foreground it reads its configuration again on SIGHUP, and keeps it when the new one is broken', async () => {
  await using at = await host()
  await using daemon = startCourier(['authdaemond', '--config', at.directory])
  assert.ok(await daemon.until('authdaemon.listening'), daemon.errors())
  const options = async () => /^OPTIONS=(.*)$/m.exec(await askSocket(at.socket, 'PRE . imap bob\n'))?.[1]
  assert.is(await options(), undefined)
  at.configure({DEFAULTOPTIONS: 'disableimap=1'})
  assert.equal(await at.command('restart'), {code: 0, stdout: '', stderr: ''})
  assert.ok(await daemon.until('authdaemon.reloaded'))
  assert.is(await options(), 'disableimap=1')
  writeFileSync(join(at.directory, 'authdaemonrc'), 'authmodulelist = x\n')
  daemon.child.kill('SIGHUP')
  assert.ok(await daemon.until('config.refused'), daemon.errors())
  assert.is(await options(), 'disableimap=1')
  daemon.child.kill('SIGTERM')
  assert.is(await daemon.ended(), 0)
  assert.not.ok(existsSync(at.socket))
  assert.not.match(daemon.errors(), 'secret')
  at.configure({authdaemonvar: join(at.directory, 'run')})
})

authdaemond('says what is wrong', async () => {
  await using at = await host()
  for (const [words, stderr] of [
    [['frob'], "Unknown option '-frob'\n"],
    [['start', 'now'], "Unknown option '-now'\n"],
  ] as const)
    assert.equal(await at.command(...words), {code: 1, stdout: '', stderr})
  at.configure({authmodulelist: 'authdaemon'})
  const self = await at.command()
  assert.is(self.code, 1)
  assert.match(self.stderr, 'names another authdaemond: ask that one')
  at.configure({authmodulelist: 'authuserdb', authdaemonvar: join(at.directory, 'x'.repeat(120))})
  for (const verb of [['start'], []]) assert.is((await at.command(...verb)).code, 1)
  at.configure({authdaemonvar: join(at.directory, 'run')})
})

interface Served extends AsyncDisposable {
  readonly server: RunningServer
  readonly lines: string[]
  readonly port: number
}

async function serve({directory}: Host): Promise<Served> {
  const [port = 0] = await freePorts(1)
  const lines: string[] = []
  const server = await startServer({
    directory,
    authDirectory: directory,
    services: ['imap'],
    endpoints: {imap: [{address: '127.0.0.1', port}]},
    user: undefined,
    version: '1',
    index: {kind: 'flat', cache: join(directory, 'cache')},
    log: createLog({
      format: 'text',
      debug: false,
      now: () => new Date(),
      write: (text) => lines.push(...text.split('\n').slice(0, -1)),
    }),
  })
  return {server, lines, port, [Symbol.asyncDispose]: () => server.stop(200)}
}

/** What the server says to a login of bob. */
async function login(port: number, password = 'secret'): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (/^a |^\* BYE/m.test(text)) socket.end()
  })
  socket.write(`a LOGIN bob ${password}\r\n`)
  await once(socket, 'end')
  socket.destroy()
  return text.split('\r\n')[1] ?? ''
}

authdaemond('courier serve answers on the socket, too, unless it is told not to', async () => {
  await using at = await host()
  at.configure({FAILED_LOGIN_SECONDS: '1'})
  writeFileSync(join(at.directory, 'imapd-ssl'), 'IMAPDSTARTTLS=NO\n')
  {
    await using served = await serve(at)
    assert.match(await askSocket(at.socket, LOGIN), /^UID=5002\n/)
    assert.ok(served.lines.some((line) => line.includes('authdaemon.listening')))
    // A second server has its accounts all the same.
    await using second = await serve(at)
    assert.ok(second.lines.some((line) => /authdaemon\.no-socket.*Another authdaemond answers at .*this server does not/.test(line)))
    assert.match(await askSocket(at.socket, LOGIN), /^UID=5002\n/)
  }
  assert.not.ok(existsSync(at.socket))
  at.configure({AUTHDAEMON_LISTEN: 'NO'})
  await using _silent = await serve(at)
  assert.not.ok(existsSync(at.socket))
})

authdaemond('a directory that lets everybody to the socket is told, one that does not is not', async () => {
  await using at = await host()
  writeFileSync(join(at.directory, 'imapd-ssl'), 'IMAPDSTARTTLS=NO\n')
  const warns = async () => {
    await using served = await serve(at)
    return served.lines.some((line) => line.includes('authdaemon.open-to-all') && line.includes('mode 0750'))
  }
  assert.not.ok(await warns())
  chmodSync(join(at.directory, 'run'), 0o755)
  assert.ok(await warns())
})

authdaemond('courier serve takes the accounts of a foreign authdaemond', async () => {
  await using at = await host()
  await using other = await host()
  const name = randomBytes(4).toString('hex')
  await other.accounts(BOB.replace('uid=5002', `uid=5002|gecos=${name}`))
  await at.accounts('')
  at.configure({AUTHDAEMON_SOCKET: other.socket, FAILED_LOGIN_SECONDS: '1'})
  writeFileSync(join(at.directory, 'imapd-ssl'), 'IMAPDSTARTTLS=NO\n')
  await using served = await serve(at)
  assert.not.ok(existsSync(at.socket))
  assert.ok(served.lines.some((line) => line.includes(`No authdaemond answers at ${other.socket}`)))
  assert.is(await login(served.port), '* BYE [UNAVAILABLE] Temporary problem, please try again later')
  assert.is((await other.command('start')).code, 0)
  assert.is(await login(served.port, 'wrong'), 'a NO [AUTHENTICATIONFAILED] Login failed.')
  // The account is found; this process may not serve it.
  assert.match(await login(served.port), /^\* BYE \[ALERT\] This server does not run as the owner/)
})

authdaemond.run()
