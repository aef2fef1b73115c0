/** makeuserdb and look-ups with very many accounts. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createWriteStream, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {UserdbReader} from '../../../src/auth/userdb/reader.js'
import {type Figures, parallel, type Row, type RowContext} from '../row.js'

const ACCOUNTS = 1_000_000
const LOOKUPS = 200_000
/** Logins that come at once. */
const AT_ONCE = 64
const PROGRAM = fileURLToPath(new URL('../../../../bin/run.js', import.meta.url))

const nameOf = (number: number) => `user${number}@example.com`

async function writeText(path: string, count: number): Promise<void> {
  const file = createWriteStream(path, {mode: 0o600})
  for (let number = 0; number < count; number += 1) {
    const line = `${nameOf(number)}\thome=/home/vmail/${number}|mail=/home/vmail/${number}/Maildir|uid=5000|gid=5000|systempw=$1$bench$aWWkD7FWPe8pd.Kjpnsgx0\n`
    if (!file.write(line)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
}

/** Runs makeuserdb; answers how long it took and the most memory that it had. */
async function make(path: string): Promise<{ms: number; peakBytes: number}> {
  const began = performance.now()
  const child = spawn(process.execPath, [PROGRAM, 'makeuserdb', '-f', path], {stdio: ['ignore', 'ignore', 'inherit']})
  let peakBytes = 0
  const look = setInterval(() => {
    try {
      const text = readFileSync(`/proc/${child.pid}/status`, 'latin1')
      peakBytes = Math.max(peakBytes, Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024)
    } catch {
      // it has ended
    }
  }, 20)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearInterval(look)
  if (code !== 0) throw new Error(`makeuserdb ended with ${code}`)
  return {ms: performance.now() - began, peakBytes}
}

/** Look-ups per second, so many under way at once. */
async function lookUps(reader: UserdbReader, count: number, atOnce: number): Promise<number> {
  let begun = 0
  const began = performance.now()
  await parallel(atOnce, async () => {
    while (begun < LOOKUPS) {
      const name = nameOf((begun++ * 7919) % count)
      if (!(await reader.find(name))) throw new Error(`${name} is not found`)
    }
  })
  return (LOOKUPS * 1000) / (performance.now() - began)
}

async function measure({directory, scale}: RowContext): Promise<Figures> {
  const source = join(directory, 'million')
  const count = Math.round(ACCOUNTS * scale)
  await writeText(source, count)
  const {ms, peakBytes} = await make(source)
  const reader = new UserdbReader({source, now: () => performance.now()})
  const single = await lookUps(reader, count, 1)
  const many = await lookUps(reader, count, AT_ONCE)
  await reader.close()
  return {
    seconds: ms / 1000,
    'most memory, MiB': peakBytes / 2 ** 20,
    'look-ups per second, one after the other': single,
    'look-ups per second': many,
  }
}

export const ACCOUNT_ROWS: readonly Row[] = [
  {
    title: 'makeuserdb of 1,000,000 accounts',
    mail: [],
    isLong: true,
    figuresOnly: true,
    rounds: 1,
    servers: ['ours'],
    targets: {seconds: {atMost: 10}, 'most memory, MiB': {atMost: 1024}, 'look-ups per second': {atLeast: 50_000}},
    run: measure,
  },
]
