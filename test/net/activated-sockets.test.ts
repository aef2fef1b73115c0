import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chownSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {serviceOfSocket, takeActivatedSockets} from '../../src/net/activated-sockets.js'
import {withValues} from '../../src/services/demo/make-demo.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {freePorts} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const activated = suite('Sockets of the service manager', {limitMs: 30_000})

activated('they are taken once, and only by the process that they are for', () => {
  const env = {LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'imap.socket:unknown:imaps', OTHER: 'x'}
  assert.equal(takeActivatedSockets({...env}, 8), [])
  const own: NodeJS.ProcessEnv = {...env}
  assert.equal(takeActivatedSockets(own, 7), [
    {fd: 3, name: 'imap.socket'},
    {fd: 4, name: undefined},
    {fd: 5, name: 'imaps'},
  ])
  assert.equal(own, {OTHER: 'x'})
  assert.equal(takeActivatedSockets({LISTEN_PID: '7', LISTEN_FDS: 'x'}, 7), [])
})

activated('names of socket units tell the service', () => {
  assert.is(serviceOfSocket('courier-imap-ssl.socket'), 'imaps')
  assert.is(serviceOfSocket('imapd'), 'imap')
  assert.is(serviceOfSocket('something.socket'), undefined)
  assert.is(serviceOfSocket(undefined), undefined)
})

/** Opens sockets as systemd does, and becomes the server. */
const MANAGER = `
import os, socket, sys
ports, program = sys.argv[1].split(','), sys.argv[3:]
for i, port in enumerate(ports):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('127.0.0.1', int(port)))
    s.listen(16)
    os.dup2(s.fileno(), 103 + i)
for i in range(len(ports)):
    os.dup2(103 + i, 3 + i)
    os.close(103 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(ports)), LISTEN_FDNAMES=sys.argv[2])
os.execv(program[0], program)
`

activated.when(existsSync('/usr/bin/python3'), 'python3 is not installed')(
  'the server serves on them: by name, by port, and tells of one that nobody wants',
  async () => {
    using directory = temporaryDirectory()
    const config = directory.path
    for (const name of ['imapd', 'imapd-ssl', 'authdaemonrc']) cpSync(resolve('templates', name), join(config, name))
    const put = (name: string, values: Record<string, string>) =>
      writeFileSync(join(config, name), withValues(readFileSync(join(config, name), 'utf8'), values))
    const [named = 0, byPort = 0, unknown = 0] = await freePorts(3)
    const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
    writeFileSync(join(config, 'cert.pem'), keyPem + certificatePem)
    // A port that is not opened: the sockets take its place.
    put('imapd', {PORT: '1'})
    put('imapd-ssl', {SSLPORT: `127.0.0.1.${byPort}`, TLS_CERTFILE: join(config, 'cert.pem')})
    put('authdaemonrc', {authdaemonvar: join(config, 'authdaemon')})
    const [uid, gid] = process.geteuid?.() === 0 ? [65_534, 65_534] : [undefined, undefined]
    const script = join(config, 'manager.py')
    writeFileSync(script, MANAGER)
    if (uid !== undefined) for (const name of ['', ...readdirSync(config)]) chownSync(join(config, name), uid, gid)
    const server = spawn(
      '/usr/bin/python3',
      [
        script,
        `${named},${byPort},${unknown}`,
        'imap.socket:some.socket:some.socket',
        process.execPath,
        resolve('bin/run.js'),
        'serve',
        '--config',
        config,
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {...process.env, HOME: config, XDG_STATE_HOME: config, XDG_CACHE_HOME: config},
        ...(uid === undefined ? {} : {uid, gid}),
      },
    )
    let log = ''
    const listening = new Promise<void>((done) => {
      server.stderr.on('data', (chunk) => {
        log += String(chunk)
        if (log.includes('protocol=imaps')) done()
      })
    })
    const ended = once(server, 'exit')
    try {
      await Promise.race([listening, ended])
      if (!log.includes('protocol=imaps')) throw new Error(log)
      assert.match(log, new RegExp(`protocol=imap, address=127\\.0\\.0\\.1:${named}`))
      assert.match(log, new RegExp(`protocol=imaps, address=127\\.0\\.0\\.1:${byPort}`))
      assert.match(log, new RegExp(`WARN: net\\.socket-unknown.*"some\\.socket" on port ${unknown}`))
      const socket = connect(named, '127.0.0.1')
      assert.match(String((await once(socket, 'data'))[0]), /^\* OK \[CAPABILITY /)
      socket.destroy()
    } finally {
      server.kill('SIGKILL')
      await ended
    }
  },
)

activated.run()
