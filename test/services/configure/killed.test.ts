import {spawnSync} from 'node:child_process'
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runConfigure} from '../../../src/services/configure/run-configure.js'
import {isLong} from '../../support/is-long.js'
import {runProgram} from '../../support/run-program.js'
import {suite} from '../../support/suite.js'
import {temporaryDirectory} from '../../support/temporary-directory.js'
import {oldFiles} from './old-files.js'

const crash = suite('courier configure, killed')

/** Whether calls of the system can be made to kill who makes them. */
const canInject = spawnSync('strace', ['-e', 'inject=rename:signal=KILL:when=9', 'true']).status === 0

function texts(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => !name.startsWith('.'))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(directory, name), 'latin1')]))
}

async function configure(etc: string, undo = false): Promise<void> {
  const quiet = {print: () => undefined, env: {}, templates: resolve('templates')}
  await runConfigure({config: etc, auth: etc, dryRun: false, force: false, undo, ...quiet})
}

for (const at of isLong ? [1, 2, 7, 13, 17] : [2, 8]) {
  crash.when(canInject, 'strace cannot inject here')(
    `at the ${at}. file: each is old or new, the next run completes it, undo goes back to the beginning`,
    async () => {
      using directory = temporaryDirectory()
      const etc = join(directory.path, 'etc')
      mkdirSync(etc)
      const old = oldFiles('4.14', {certificates: etc, dh: '/none'})
      for (const [name, text] of Object.entries(old)) writeFileSync(join(etc, name), text)
      const before = texts(etc)
      await configure(etc)
      const whole = texts(etc)
      await configure(etc, true)
      // Calls are counted for each thread.
      const env = {UV_THREADPOOL_SIZE: '1'}
      const killed = await runProgram(
        'strace',
        [
          '-f',
          '-qq',
          '-o',
          join(directory.path, 'calls'),
          '-e',
          'trace=rename',
          '-e',
          `inject=rename:signal=KILL:when=${at}`,
          process.execPath,
          resolve('bin/run.js'),
          'configure',
          '--config',
          etc,
        ],
        {env},
      )
      assert.is.not(killed.code, 0, 'it was killed')
      const between = texts(etc)
      await configure(etc)
      const after = texts(etc)
      for (const [name, text] of Object.entries(between)) {
        if (name.endsWith('.new')) continue
        assert.ok(text === before[name] || text === after[name], `${name} is old or new`)
      }
      assert.equal(after, whole, 'as if it had not been killed')
      await configure(etc, true)
      assert.equal(texts(etc), before)
    },
  )
}

crash.run()
