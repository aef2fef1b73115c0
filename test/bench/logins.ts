/**
 * `node dist/test/bench/logins.js`: logins per second with SHA-512-crypt passwords, each of another account, and what they cost
 * others: NOOPs of a session that is logged in, `fs.stat` within the server.
 *
 * Options: `--rate N` (200, logins begun per second; 0: as many as go), `--seconds N` (10), `--accounts N` (3000).
 */
import {readFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {parseArgs} from 'node:util'
import {shaCrypt} from '../../src/auth/hash/sha-crypt.js'
import {loadCrypt} from '../../src/auth/native.js'
import {saslHost} from '../support/sasl-host.js'
import {BenchClient} from './client.js'

const {values: options} = parseArgs({
  options: {rate: {type: 'string', default: '200'}, seconds: {type: 'string', default: '10'}, accounts: {type: 'string', default: '3000'}},
})
const [rate, seconds, accounts] = [Number(options.rate), Number(options.seconds), Number(options.accounts)]
/** Fewer than MAXPERIP allows. */
const MAX_AT_ONCE = 16
const PAUSE_MS = 10

/** Loaded into the server: measures how long a stat takes there. Written down when the server ends. */
function probe(path: string): string {
  const code = `
    import {stat, writeFileSync} from 'node:fs'
    import {isMainThread} from 'node:worker_threads'
    if (isMainThread) {
      const took = []
      setTimeout(() => setInterval(() => {
        const began = performance.now()
        stat('/', () => took.push(performance.now() - began))
      }, 10).unref(), 1500).unref()
      process.on('exit', () => writeFileSync(${JSON.stringify(path)}, JSON.stringify(took)))
    }`
  return `data:text/javascript,${encodeURIComponent(code)}`
}

const percentile = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN

function describe(name: string, values: readonly number[]): string {
  const [half, most, all] = [0.5, 0.99, 1].map((part) => percentile(values, part).toFixed(1))
  return `${name}: median ${half} ms, 99 % below ${most} ms, longest ${all} ms (${values.length})`
}

/** Each account has its own hash: of what has been checked lately, the server need not compute it again. */
function userdb(): string {
  const crypt = loadCrypt() ?? shaCrypt
  const hash = (number: number) => crypt(Buffer.from('pass'), `$6$${String(number).padStart(16, '0')}$`)
  const ids = process.getuid?.() === 0 ? 'uid=65534|gid=65534' : `uid=${process.getuid?.()}|gid=${process.getgid?.()}`
  return Array.from({length: accounts}, (_, number) => `u${number}\t${ids}|home=/|mail=MAILDIR|systempw=${hash(number)}\n`).join('')
}

async function login(port: number, user: string): Promise<void> {
  const client = await BenchClient.connect(port)
  try {
    await client.ok(`LOGIN ${user} pass`)
  } finally {
    client.close()
  }
}

const measured = join(tmpdir(), `courier-logins-${process.pid}.json`)
process.env.NODE_OPTIONS = `--import ${probe(measured)}`
await using host = await saslHost({userdb: userdb()})
delete process.env.NODE_OPTIONS

const watcher = await BenchClient.connect(host.port)
await watcher.ok('LOGIN u0 pass')
let over = false
const noops: number[] = []
const watching = (async () => {
  while (!over) {
    const began = performance.now()
    await watcher.ok('NOOP')
    noops.push(performance.now() - began)
    await sleep(PAUSE_MS)
  }
})()

const logins: number[] = []
const began = performance.now()
const until = began + seconds * 1000
let begun = 0
async function worker(): Promise<void> {
  while (performance.now() < until) {
    const mine = begun++
    // At a rate, each login has its time; what is late is not made up for by sending more at once.
    const due = rate === 0 ? 0 : began + (mine * 1000) / rate
    if (due > until) return
    if (due > performance.now()) await sleep(due - performance.now())
    const at = performance.now()
    await login(host.port, `u${mine % accounts}`)
    logins.push(performance.now() - at)
  }
}
await Promise.all(Array.from({length: MAX_AT_ONCE}, worker))
const took = (performance.now() - began) / 1000
over = true
await watching
watcher.close()
host.server.child.kill('SIGTERM')
await host.server.ended()

console.log(`${(logins.length / took).toFixed(0)} logins per second for ${took.toFixed(1)} s${rate === 0 ? '' : `, ${rate} wanted`}`)
console.log(describe('Login, from the connection on', logins))
console.log(describe('NOOP of another session', noops))
console.log(describe('fs.stat in the server', JSON.parse(readFileSync(measured, 'utf8')) as number[]))
