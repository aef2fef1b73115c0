import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {shaCrypt} from '../../src/auth/hash/sha-crypt.js'
import {loadCrypt} from '../../src/auth/native.js'
import {BenchClient} from '../bench/client.js'
import {type SaslHost, saslHost} from './sasl-host.js'

export interface LoginLoadOptions {
  /** Logins begun per second; 0: as many as go. */
  readonly rate: number
  readonly seconds: number
  /** Each has a hash of its own: of what has been checked lately, the server need not compute it again. */
  readonly accounts: number
  /** Called with the server while the logins go on. */
  readonly look?: ((host: SaslHost) => void) | undefined
}

/** Milliseconds. */
export interface LoginLoad {
  readonly perSecond: number
  readonly seconds: number
  /** From the connection on. */
  readonly logins: readonly number[]
  /** NOOPs of a session that another process has. */
  readonly noops: readonly number[]
  /** The same before the logins: what the machine does besides. */
  readonly quiet: readonly number[]
  /** `fs.stat` within the server. */
  readonly stats: readonly number[]
}

/** Fewer than MAXPERIP allows. */
const MAX_AT_ONCE = 16
const QUIET_MS = 1000
/** The first logins load what all use. */
const WARM_UP = 40

/** Logins with SHA-512-crypt passwords at a server of its own, and what they cost others. */
export async function loginLoad({rate, seconds, accounts, look}: LoginLoadOptions): Promise<LoginLoad> {
  const measured = join(tmpdir(), `courier-logins-${process.pid}.json`)
  process.env.NODE_OPTIONS = `--import ${probe(measured)}`
  await using host = await saslHost({userdb: userdb(accounts)}).finally(() => delete process.env.NODE_OPTIONS)
  for (let number = 0; number < WARM_UP; number += 1) await login(host.port, `u${accounts - 1 - (number % accounts)}`)
  const before = await noopSession(host.port, 'u0')
  await sleep(QUIET_MS)
  const quiet = await before.end()
  const noops = await noopSession(host.port, 'u0')
  host.server.child.kill('SIGUSR2')
  const {logins, took} = await logIn(host.port, {rate, seconds, accounts, onHalf: () => look?.(host)})
  const noopTimes = await noops.end()
  host.server.child.kill('SIGTERM')
  await host.server.ended()
  const stats = JSON.parse(readFileSync(measured, 'utf8')) as number[]
  rmSync(measured)
  return {perSecond: logins.length / took, seconds: took, logins, noops: noopTimes, quiet, stats}
}

/** Loaded into the server: measures how long a stat takes there, from SIGUSR2 on. Written down when the server ends. */
function probe(path: string): string {
  const code = `
    import {stat, writeFileSync} from 'node:fs'
    import {isMainThread} from 'node:worker_threads'
    if (isMainThread) {
      const took = []
      process.once('SIGUSR2', () => setInterval(() => {
        const began = performance.now()
        stat('/', () => took.push(performance.now() - began))
      }, 10).unref())
      process.on('exit', () => writeFileSync(${JSON.stringify(path)}, JSON.stringify(took)))
    }`
  return `data:text/javascript,${encodeURIComponent(code)}`
}

function userdb(accounts: number): string {
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

async function noopSession(port: number, user: string): Promise<{end(): Promise<number[]>}> {
  const program = fileURLToPath(new URL('./noop-process.js', import.meta.url))
  const child = spawn(process.execPath, [program, String(port), user], {stdio: ['pipe', 'pipe', 'inherit']})
  let text = ''
  const ready = new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error('The session with the NOOPs ended')))
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.startsWith('ready\n')) resolve()
    })
  })
  await ready
  return {
    async end() {
      child.stdin.end()
      await once(child, 'close')
      return JSON.parse(text.slice('ready\n'.length)) as number[]
    },
  }
}

interface LogInOptions extends Omit<LoginLoadOptions, 'look'> {
  readonly onHalf: () => void
}

async function logIn(port: number, {rate, seconds, accounts, onHalf}: LogInOptions): Promise<{logins: number[]; took: number}> {
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
      await login(port, `u${mine % accounts}`)
      logins.push(performance.now() - at)
    }
  }
  const half = setTimeout(onHalf, (seconds * 1000) / 2)
  await Promise.all(Array.from({length: MAX_AT_ONCE}, worker))
  clearTimeout(half)
  return {logins, took: (performance.now() - began) / 1000}
}

export function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN
}
