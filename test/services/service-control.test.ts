import {once} from 'node:events'
import {mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {type ConfiguredServer, configuredServer} from '../support/configured-server.js'
import {isLong} from '../support/is-long.js'
import {type ProgramResult, runProgram} from '../support/run-program.js'
import {startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const control = suite('Starting and stopping services')

interface Daemon extends AsyncDisposable, ConfiguredServer {
  /** Runs a tool under its own name, as a link. */
  run(tool: string, ...words: string[]): Promise<ProgramResult>
}

async function daemon(): Promise<Daemon> {
  const server = await configuredServer()
  const bin = join(server.directory, 'bin')
  mkdirSync(bin)
  for (const name of ['imapd', 'imapd-ssl', 'pop3d', 'pop3d-ssl']) symlinkSync(resolve('bin/tool.cjs'), join(bin, name))
  const run = (tool: string, ...words: string[]) =>
    runProgram(process.execPath, [join(bin, tool), '--config', server.etc, ...words], {env: server.env})
  return {
    ...server,
    run,
    [Symbol.dispose]: () => server[Symbol.dispose](),
    async [Symbol.asyncDispose]() {
      for (const name of ['imapd', 'imapd-ssl']) await run(name, 'stop')
      server[Symbol.dispose]()
    },
  }
}

async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

const pidIn = (path: string) => Number(readFileSync(path, 'utf8'))
const QUIET = {code: 0, stdout: '', stderr: ''}

control('start, status, start again, restart, stop, of which sessions are told', async () => {
  await using it = await daemon()
  assert.equal(await it.run('imapd', 'status'), {code: 3, stdout: 'imapd does not run\n', stderr: ''})
  assert.equal(await it.run('imapd', 'start'), QUIET)
  assert.match(await greeting(it.port), /^\* OK /)
  const pid = pidIn(it.pidFile)
  assert.equal(await it.run('imapd', 'status'), {code: 0, stdout: `imapd runs: process ${pid} (${it.pidFile})\n`, stderr: ''})
  // One daemon, whoever starts it again (example 21).
  assert.equal(await it.run('imapd', 'start'), QUIET)
  assert.is(pidIn(it.pidFile), pid)
  assert.equal(await it.run('imapd', 'restart'), QUIET)
  assert.is(pidIn(it.pidFile), pid, 'it reads its files again and goes on')
  assert.match(await greeting(it.port), /^\* OK /)
  const second = await runProgram(process.execPath, [resolve('bin/run.js'), 'serve', 'imap', '--config', it.etc, '--pid-file', it.pidFile])
  assert.equal([second.code, second.stderr], [1, `Error: Another server runs: process ${pid} has ${it.pidFile}\n`])
  // With a session (example 22).
  const session = connect(it.port, '127.0.0.1')
  let said = ''
  session.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk
  })
  await once(session, 'data')
  const ended = once(session, 'end')
  assert.equal(await it.run('imapd', 'stop'), QUIET)
  await ended
  assert.match(said, /\* BYE /)
  const [refused] = await once(connect(it.port, '127.0.0.1'), 'error')
  assert.is((refused as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  assert.is((await it.run('imapd', 'status')).code, 3)
  // With no daemon (example 22).
  assert.equal(await it.run('imapd', 'stop'), QUIET)
  assert.equal(await it.run('imapd', 'restart'), QUIET)
})

control('a stale pid file is no obstacle', async () => {
  await using it = await daemon()
  writeFileSync(it.pidFile, `${process.pid}\n`)
  writeFileSync(`${it.pidFile}.lock`, '')
  assert.is((await it.run('imapd', 'status')).code, 3)
  assert.equal(await it.run('imapd', 'start'), QUIET)
  assert.is.not(pidIn(it.pidFile), process.pid)
})

control.when(isLong, 'only in the long run')('both ports, each with its own pid file', async () => {
  await using it = await daemon()
  assert.equal(await it.run('imapd', 'start'), QUIET)
  assert.equal(await it.run('imapd-ssl', 'start'), QUIET)
  assert.is.not(pidIn(it.pidFile), pidIn(it.tlsPidFile))
  await it.run('imapd-ssl', 'stop')
  assert.match(await greeting(it.port), /^\* OK /)
})

control('a server that cannot start says why and fails: broken files, a port in use', async () => {
  await using it = await daemon()
  it.set('imapd', {MAXDAEMONS: '0'})
  const broken = await it.run('imapd', 'start')
  assert.is(broken.code, 1)
  assert.match(broken.stderr, /^imapd: \S+imapd:\d+: MAXDAEMONS: A number above 0 is expected, not "0"$/m)
  assert.equal(await it.run('imapd', 'stop'), QUIET, 'it can be stopped all the same')
  it.set('imapd', {MAXDAEMONS: '10'})
  await using other = startCourier(['serve', 'imap', '--config', it.etc, '--pid-file', join(it.directory, 'other.pid')])
  await other.until('listening')
  const taken = await it.run('imapd', 'start')
  assert.is(taken.code, 1)
  assert.match(taken.stderr, new RegExp(`^imapd: .*${it.port}`))
})

control('a missing file (example 36), POP3, and words that are no verb', async () => {
  await using it = await daemon()
  assert.equal(await it.run('pop3d', 'start'), {code: 1, stdout: '', stderr: 'pop3d: POP3 is not in this version\n'})
  assert.is((await it.run('pop3d', 'status')).code, 3)
  const usage = await it.run('imapd-ssl', 'begin')
  assert.equal([usage.code, usage.stderr], [1, 'Usage: imapd-ssl [--config DIR] start|stop|restart|status\n'])
  assert.match((await it.run('pop3d', './Maildir')).stderr, /a session on standard input/)
  rmSync(join(it.etc, 'imapd'))
  assert.equal(await it.run('imapd', 'start'), {
    code: 1,
    stdout: `${it.etc}/imapd does not exist, forgot make install-configure?\n`,
    stderr: '',
  })
})

control('as a command of courier', async () => {
  await using it = await daemon()
  const status = await runProgram(process.execPath, [resolve('bin/run.js'), 'imapd', '--config', it.etc, 'status'], {env: it.env})
  assert.equal([status.code, status.stdout], [3, 'imapd does not run\n'])
})

control.run()
