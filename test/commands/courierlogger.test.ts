import {mkdir, readFile, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {courierloggerTool} from '../../src/services/courierlogger/courierlogger-tool.js'
import {scratch} from '../auth/support/scratch.js'
import {DatagramListener, hasPython} from '../support/datagram-listener.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {originalProgram, runOriginal, runTool} from './support/run-tool.js'

const logger = suite('courierlogger')
const original = originalProgram('courierlogger')

// `spec/auth.md` §30.7, example 59, and §26.5.
for (const [args, code, message] of [
  [['-start', 'foo'], 1, '-pid argument required\n'],
  [['-stop'], 1, '-pid argument required\n'],
  [['-facility=xyz', 'foo'], 1, "Unknown facility name 'xyz'\n"],
  [['-bogus'], 1, "Unknown option '-bogus'\n"],
  [['-name='], 1, "Unknown option '-name='\n"],
  [['-name'], 1, "Unknown option '-name'\n"],
  [['-respawn'], 1, '-name option required for standalone logger\n'],
  [['-pid=/nonexistent/x', '-start'], 1, '-name option required for standalone logger\n'],
  [['-name=x', '-pid=/nonexistent/x', '-start'], 1, '-start must be followed by a command to execute\n'],
  [['-name=x', '-pid=/nonexistent/x'], 1, '-start must be followed by a command to execute\n'],
  [[], 1, undefined],
] as const) {
  logger(`${args.join(' ') || 'without arguments'}: says what is wrong`, async () => {
    const ours = await runTool(courierloggerTool, {args})
    assert.is(ours.code, code)
    assert.is(ours.out, '')
    if (message !== undefined) assert.is(ours.err, message)
    if (original) assert.equal(ours, await runOriginal(original, {args}), 'the original')
  })
}

/** The tool by its link, and something that listens as the system's log does. */
async function place() {
  const at = await scratch()
  await mkdir(at.path('sbin'))
  await symlink(join(process.cwd(), 'bin', 'tool.cjs'), at.path('sbin', 'courierlogger'))
  const listener = await DatagramListener.open(at.path('log'))
  const run = (args: readonly string[], input = '') =>
    runProgram(at.path('sbin', 'courierlogger'), [`-socket=${at.path('log')}`, ...args], {input})
  return {
    ...at,
    listener,
    run,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

const test = logger.when(hasPython && process.platform === 'linux', 'no python3 to listen to datagrams')
/** Without the time. */
const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/^(<\d+>).{15} /, '$1'))

test('lines of standard input: priority, blanks at the begin, length', async () => {
  await using at = await place()
  const input = `ERR: one\n  two \nNOTICE: three\n${'x'.repeat(600)}\n`
  assert.equal(await at.run(['-name=mine', '-facility=local1'], input), {code: 0, stdout: '', stderr: ''})
  const lines = await at.listener.until((received) => received.length >= 4)
  assert.equal(plain(lines), ['<139>mine: one', '<142>mine: two ', '<142>mine: NOTICE: three', `<142>mine: ${'x'.repeat(511)}`])
})

test("a program's standard error; its exit code is not passed on", async () => {
  await using at = await place()
  const done = await at.run(['/bin/sh', '-c', 'echo unseen; echo WARN: seen >&2; exit 3'])
  assert.equal(done, {code: 0, stdout: '', stderr: ''})
  assert.equal(plain(await at.listener.until((received) => received.length >= 1)), ['<20>sh: seen'])
})

/** The lock of the pid file is free a moment before the process is gone. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a daemon starts once, is told to read its files anew, and stops', async () => {
  await using at = await place()
  const pid = at.path('pid')
  await writeFile(at.path('daemon'), 'trap "echo again >&2" HUP\necho begun >&2\nwhile :; do sleep 0.05; done\n')
  const start = ['-name=d', `-pid=${pid}`, '-start', '/bin/sh', at.path('daemon')]
  assert.equal(await at.run(start), {code: 0, stdout: '', stderr: ''})
  assert.equal(plain(await at.listener.until((received) => received.length >= 1)), ['<22>d: begun'])
  const first = await readFile(pid, 'latin1')
  assert.match(first, /^\d+\n$/)
  assert.equal(await at.run(start), {code: 0, stdout: '', stderr: ''})
  assert.is(await readFile(pid, 'latin1'), first, 'it runs already')
  assert.is((await at.run([`-pid=${pid}`, '-restart'])).code, 0)
  assert.equal(plain(await at.listener.until((received) => received.length >= 2)).at(-1), '<22>d: again')
  assert.is((await at.run([`-pid=${pid}`, '-stop'])).code, 0)
  await ended(Number(first))
  assert.is((await at.run([`-pid=${pid}`, '-stop'])).code, 0, 'nothing runs')
})

logger.run()
