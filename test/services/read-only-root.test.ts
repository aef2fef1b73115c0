import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chownSync, mkdirSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join, resolve} from 'node:path'
import {createInterface} from 'node:readline'
import * as assert from 'uvu/assert'
import {maildirmake} from '../../src/services/maildirmake/maildirmake.js'
import {writablePaths} from '../../src/services/paths-report.js'
import {type ConfiguredServer, configuredServer} from '../support/configured-server.js'
import {canMount} from '../support/private-courier.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const paths = suite('Writable paths')

const NOBODY = 65_534

paths('are those of the configuration, each once', async () => {
  using server = await configuredServer()
  const found = await writablePaths(server.etc, server.env)
  const below = found.map(({path}) => path.replace(server.directory, ''))
  const roles = process.geteuid?.() === 0 ? ['/run-roles'] : []
  assert.equal(below, ['/run', ...roles, '/state', '/cache', '/run/authdaemon', '/etc'])
  const {code, stdout} = await runProgram(process.execPath, [resolve('bin/run.js'), 'paths', '--config', server.etc], {env: server.env})
  assert.is(code, 0)
  assert.equal(
    stdout.split('\n').map((line) => line.split('\t')[0]),
    [...found.map(({path}) => path), ''],
  )
})

/** One account, `jane` with the password `pass`, with an empty Maildir. */
async function addAccount({directory, etc}: ConfiguredServer): Promise<string> {
  const home = join(directory, 'home')
  mkdirSync(home)
  await maildirmake([join(home, 'Maildir')], {env: {}, out: () => undefined, err: () => undefined})
  await runProgram('chown', ['-R', `${NOBODY}:${NOBODY}`, home])
  writeFileSync(join(etc, 'userdb'), `jane\tuid=${NOBODY}|gid=${NOBODY}|home=${home}|mail=Maildir|systempw=${await hash()}\n`, {
    mode: 0o600,
  })
  const made = await runProgram(process.execPath, [resolve('bin/run.js'), 'makeuserdb', '-f', join(etc, 'userdb')])
  assert.is(made.code, 0, made.stderr)
  for (const name of ['userdb.lmdb', 'userdbshadow.lmdb']) chownSync(join(etc, name), NOBODY, NOBODY)
  return home
}

async function hash(): Promise<string> {
  return (await runProgram(process.execPath, [resolve('bin/run.js'), 'userdbpw'], {input: 'pass\n'})).stdout.trim()
}

/** Runs `courier serve` where nothing but `writable` can be written to, and waits until it listens. */
async function serveReadOnly(
  server: ConfiguredServer,
  {writable, options}: {readonly writable: readonly string[]; readonly options: readonly string[]},
): Promise<{child: ChildProcess; log: string[]}> {
  const script = `mount --make-rprivate / && for d in "$@"; do mount --bind "$d" "$d" || exit 9; done && mount -o remount,bind,ro / &&
    ! touch ${server.directory}/proof 2>/dev/null && exec ${process.execPath} ${resolve('bin/run.js')} serve imap --config ${server.etc} ${options.join(' ')}`
  const child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', ...writable], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {...process.env, ...server.env},
  })
  const log: string[] = []
  for await (const line of createInterface({input: child.stderr})) {
    log.push(line)
    if (line.includes('server.listening')) break
  }
  createInterface({input: child.stderr}).on('line', (line) => log.push(line))
  return {child, log}
}

for (const [form, options] of [
  ['in one process', ['--user', 'nobody']],
  ['in separate processes', []],
] as const) {
  paths.when(canMount(), 'mount namespaces need root')(
    `the server works with a read-only root, when these can be written to: ${form}`,
    async () => {
      using server = await configuredServer()
      const home = await addAccount(server)
      const found = (await writablePaths(server.etc, server.env)).map(({path}) => path)
      for (const path of found) mkdirSync(path, {recursive: true})
      const {child, log} = await serveReadOnly(server, {writable: [...found.filter((path) => path !== server.etc), home], options})
      try {
        const socket = connect(server.port, '127.0.0.1')
        await once(socket, 'connect').catch((error: Error) => assert.unreachable(`${error.message}\n${log.join('\n')}`))
        const lines = createInterface({input: socket})[Symbol.asyncIterator]()
        const answer = async (command: string, tag: string) => {
          socket.write(`${command}\r\n`)
          for (;;) {
            const {value, done} = await lines.next()
            if (done || value.startsWith(`${tag} `) || value.startsWith('+')) return String(value)
          }
        }
        assert.match(String((await lines.next()).value), /^\* OK /, log.join('\n'))
        assert.match(await answer('1 LOGIN jane pass', '1'), /^1 OK /, log.join('\n'))
        assert.match(await answer('2 SELECT INBOX', '2'), /^2 OK /)
        assert.match(await answer('3 APPEND INBOX {17}', '3'), /^\+/)
        assert.match(await answer('Subject: x\r\n\r\nxy\r', '3'), /^3 OK /)
        assert.match(await answer('4 FETCH 1 ENVELOPE', '4'), /^4 OK /)
        socket.destroy()
        assert.not.match(log.join('\n'), /read-only|EROFS/i)
      } finally {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
    },
  )
}

paths.run()
