import {chownSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {serviceManager} from '../../src/services/service-manager.js'
import type {DatagramSocket} from '../../src/support/datagram-socket.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {writeServerFiles} from '../support/server-files.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const manager = suite('Service manager', {limitMs: 60_000})
const isRoot = process.geteuid?.() === 0

/** A socket that keeps what is sent to it. */
function recorder(): {readonly sent: string[]; readonly load: () => (path: string) => DatagramSocket} {
  const sent: string[] = []
  return {sent, load: () => (path) => ({send: (octets) => void sent.push(`${path} ${octets.toString()}`), close() {}})}
}

const onProblem = (reason: string): never => {
  throw new Error(reason)
}

manager('what systemd is told, and with what', () => {
  const {sent, load} = recorder()
  const env = {NOTIFY_SOCKET: '@/run/x', OTHER: 'stays'}
  const systemd = serviceManager({env, pid: 77, load, onProblem, monotonicUsec: () => 5n})
  systemd.ready('Serving\nimap')
  systemd.reloading()
  systemd.stopping()
  systemd.close()
  assert.equal(sent, [
    '@/run/x READY=1\nSTATUS=Serving imap\nMAINPID=77',
    '@/run/x RELOADING=1\nMONOTONIC_USEC=5\nSTATUS=Reading the configuration',
    '@/run/x STOPPING=1\nSTATUS=Saying goodbye to sessions',
  ])
  assert.equal(env, {OTHER: 'stays'})
})

manager('nothing happens without systemd, and for what is no socket', () => {
  for (const env of [{}, {NOTIFY_SOCKET: 'nonsense'}]) {
    const {sent, load} = recorder()
    const nobody = serviceManager({env, pid: 1, load, onProblem})
    nobody.ready('x')
    nobody.close()
    assert.equal(sent, [])
  }
})

for (const [title, env, alive] of [
  ['for this process', {WATCHDOG_USEC: '4000', WATCHDOG_PID: '77'}, true],
  ['for whom it may concern', {WATCHDOG_USEC: '4000'}, true],
  ['for another process', {WATCHDOG_USEC: '4000', WATCHDOG_PID: '78'}, false],
  ['that makes no sense', {WATCHDOG_USEC: '-1'}, false],
] as const) {
  manager(`a watchdog ${title}: ${alive ? 'signs of life while the loop turns, none while it is stuck' : 'no signs of life'}`, async () => {
    const {sent, load} = recorder()
    const systemd = serviceManager({env: {NOTIFY_SOCKET: '/x', ...env}, pid: 77, load, onProblem})
    const turns = (count: number) =>
      new Promise<void>((resolve) => {
        let left = count
        const timer = setInterval(() => {
          if (--left > 0) return
          clearInterval(timer)
          resolve()
        }, 2)
      })
    await turns(10)
    assert.is(sent.filter((text) => text === '/x WATCHDOG=1').length > 1, alive)
    const before = sent.length
    const until = performance.now() + 50
    while (performance.now() < until);
    assert.is(sent.length, before)
    systemd.close()
    await turns(5)
    assert.is(sent.length, before)
  })
}

manager('systemd that does not listen is no reason to end', () => {
  const problems: string[] = []
  const options = {env: {NOTIFY_SOCKET: '/none'}, pid: 1, load: () => () => undefined, onProblem: (reason: string) => problems.push(reason)}
  serviceManager(options).ready('x')
  assert.equal(problems, ['systemd was not told READY: its socket is gone'])
})

for (const name of ['a path', 'an abstract name'] as const) {
  manager.when(hasPython && process.platform === 'linux', 'no python3 to listen to datagrams')(
    `courier serve tells systemd at ${name}: ready, alive, reloading, ready again, stopping`,
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'courier-notify-'))
      try {
        writeServerFiles(directory)
        if (isRoot) chownSync(directory, 65_534, 65_534)
        const path = name === 'a path' ? join(directory, 'notify') : `@courier-test-${process.pid}`
        await using systemd = await DatagramListener.open(path)
        const [port] = await freePorts(1)
        const args = ['serve', 'imap', '--config', directory, '--port', `127.0.0.1.${port}`, ...(isRoot ? ['--user', 'nobody'] : [])]
        await using server = startCourier(args, {env: {NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000'}})
        const has = (pattern: RegExp, count = 1) =>
          Promise.race([
            systemd.until((all) => all.filter((text) => pattern.test(text)).length >= count),
            server.ended().then(() => assert.unreachable(server.errors())),
          ])
        await has(new RegExp(`^READY=1\\nSTATUS=Serving imap on 127\\.0\\.0\\.1:${port}\\nMAINPID=${server.child.pid}$`))
        await has(/^WATCHDOG=1$/, 3)
        server.child.kill('SIGHUP')
        await has(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/)
        await has(/^READY=1\n/, 2)
        server.child.kill('SIGTERM')
        await systemd.until((all) => all.some((text) => text.startsWith('STOPPING=1\n')))
        assert.is(await server.ended(), 0)
        const order = systemd.received.map((text) => text.split('=')[0]).filter((word) => word !== 'WATCHDOG')
        assert.equal(order, ['READY', 'RELOADING', 'READY', 'STOPPING'])
      } finally {
        rmSync(directory, {recursive: true})
      }
    },
  )
}

manager.run()
