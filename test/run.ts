/**
 * Runs test files, each in a process of its own, and ends with the line `N passed, N failed, N skipped`.
 *
 * `node dist/test/run.js [--long] [WORD…]`: only files whose path holds one of the words; `--long` runs those that have a long form
 * (`support/is-long.js`), in their full length. A file that crashes, hangs, has a failing hook, a suite without `.run()` or
 * a process that outlives it fails.
 * Tests that open a store (`support/store.js`, `support/imap-server.js`, `support/example.js`) run twice, with the index and without.
 */
import {fork} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {PATIENCE} from './support/patience.js'
import type {Tally} from './support/suite.js'

const here = dirname(fileURLToPath(import.meta.url))
const args = process.argv.slice(2)
const long = args.includes('--long')
const words = args.filter((word) => !word.startsWith('--'))
const FILE_LIMIT_MS = (long ? 30 * 60_000 : 170_000) * PATIENCE
/** One more than there are processors: many files wait for the time limits of a server. */
const WORKERS = Math.min(4, availableParallelism() + 1)
/** After the end of a test file, for the processes that it started. */
const LEFT_BEHIND_MS = 5_000 * PATIENCE

/** In their full length these measure what others notice of a load: each has the machine to itself then, after all others. */
const MEASUREMENTS = ['auth/login-rate', 'net/floods']

interface Job {
  file: string
  label: string
  env: Record<string, string>
}

function testFiles(): string[] {
  return readdirSync(here, {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.test.js') && (!long || imports(name, 'is-long')))
    .sort()
}

/** The test file imports one of these files of `support/`. */
function imports(name: string, ...helpers: readonly string[]): boolean {
  return new RegExp(`/support/(${helpers.join('|')})\\.js'`).test(readFileSync(join(here, name), 'utf8'))
}

/** Tests that open a store run a second time with its index switched off. */
function jobsOf(name: string): Job[] {
  const file = join(here, name)
  const job: Job = {file, label: name.replace(/\.js$/, ''), env: {COURIER_INDEX: 'on'}}
  const opensStore = /^(imap|maildir)\/(?!index\/)/.test(name) && imports(name, 'store', 'imap-server', 'example')
  return opensStore ? [job, {...job, label: `${job.label} (no index)`, env: {COURIER_INDEX: 'off'}}] : [job]
}

function runJob({file, label, env}: Job): Promise<Tally> {
  return new Promise((resolve) => {
    let output = ''
    let tally: Tally | undefined
    const child = fork(join(here, 'support', 'one-file.js'), [file], {
      env: {...process.env, ...env, COURIER_LONG: long ? '1' : '', FORCE_COLOR: '0'},
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-60_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('message', (message) => {
      tally = message as Tally
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), FILE_LIMIT_MS)
    const began = Date.now()
    let leftBehind = false
    // What still writes to the output when the test has ended would keep this run waiting for ever.
    child.on('exit', () => {
      setTimeout(() => {
        leftBehind = true
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, LEFT_BEHIND_MS).unref()
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const result = tally ?? {passed: 0, failed: 0, skipped: 0, failures: [], skips: []}
      if (leftBehind) {
        result.failed += 1
        result.failures.push(`${label}: a process that it started runs on after its end`)
      }
      if (!tally || (code !== 0 && result.failed === 0)) {
        result.failed += 1
        result.failures.push(`${label}: the process ended with ${signal ?? code} before its result`)
      }
      const seconds = ((Date.now() - began) / 1000).toFixed(1)
      console.log(
        `${result.failed ? 'FAILED' : 'ok    '} ${label}  ${result.passed} passed${result.skipped ? `, ${result.skipped} skipped` : ''}  ${seconds} s`,
      )
      if (result.failed) console.log(`${result.failures.join('\n')}\n${output.split('\n').slice(-40).join('\n')}`)
      resolve(result)
    })
  })
}

const wanted = testFiles()
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .flatMap(jobsOf)
const sum: Tally = {passed: 0, failed: 0, skipped: 0, failures: [], skips: []}
const isLast = ({label}: Job) => long && MEASUREMENTS.some((name) => label.startsWith(name))

async function worker(queue: Job[]): Promise<void> {
  for (let job = queue.shift(); job; job = queue.shift()) {
    const result = await runJob(job)
    sum.passed += result.passed
    sum.failed += result.failed
    sum.skipped += result.skipped
    sum.failures.push(...result.failures.map((line) => `${relative(here, job.file)}: ${line.split('\n')[0]}`))
    sum.skips.push(...result.skips)
  }
}

const besides = wanted.filter((job) => !isLast(job))
await Promise.all(Array.from({length: WORKERS}, () => worker(besides)))
await worker(wanted.filter(isLast))
if (sum.skips.length > 0) console.log(`Skipped:\n  ${[...new Set(sum.skips)].join('\n  ')}`)
if (sum.failures.length > 0) console.log(`Failed:\n  ${sum.failures.join('\n  ')}`)
if (sum.passed + sum.failed === 0) {
  console.log('No test matches')
  sum.failed = 1
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exit(sum.failed ? 1 : 0)
