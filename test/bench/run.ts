/**
 * `npm run bench`: the same work against our server and, where they are installed, real Courier and Dovecot.
 *
 * Options: `--messages N` (10000), `--rounds N` (5, after one that is not counted), `--only WORD`, `--ours` (no
 * originals), `--against courier,dovecot`, `--json`. Prints medians of wall time and of CPU time of each server's whole process tree, with ratios.
 */
import {execFileSync} from 'node:child_process'
import {chownSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {cpus, tmpdir, totalmem} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {BenchClient} from './client.js'
import {fillFolder} from './corpus.js'
import {cpuMs, memoryBytes} from './process-tree.js'
import {ROWS, type Row, type RowContext, resetDeliveries} from './rows.js'
import {courierIsInstalled, dovecotIsInstalled, type Server, startCourier, startDovecot, startOurs} from './servers.js'

const {values: options} = parseArgs({
  options: {
    messages: {type: 'string', default: '10000'},
    rounds: {type: 'string', default: '5'},
    only: {type: 'string', default: ''},
    ours: {type: 'boolean', default: false},
    against: {type: 'string', default: 'courier,dovecot'},
    json: {type: 'boolean', default: false},
    directory: {type: 'string', default: ''},
  },
})
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const isRoot = process.getuid?.() === 0
const [uid, gid] = isRoot ? benchUser() : [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
const messages = Number(options.messages)

/** An ordinary user who owns the mail; made when it is missing. */
function benchUser(): [uid: number, gid: number] {
  const name = 'courierbench'
  try {
    execFileSync('id', [name], {stdio: 'ignore'})
  } catch {
    execFileSync('useradd', ['-r', '-M', '-U', '-d', '/nonexistent', '-s', '/usr/sbin/nologin', name])
  }
  const id = (what: string) => Number(execFileSync('id', [what, name], {encoding: 'utf8'}))
  return [id('-u'), id('-g')]
}

const others = options.ours ? [] : options.against.split(',')

interface Result {
  readonly row: string
  readonly server: string
  readonly wallMs: number
  readonly cpuMs: number
  readonly error?: string
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function own(path: string): void {
  if (isRoot) chownSync(path, uid, gid)
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** The accounts of one server: u1 with the corpus, the others with a little. */
function makeMail(server: Server, corpus: string): void {
  for (let number = 1; number <= 4; number += 1) {
    const maildir = server.maildir(number)
    mkdirSync(dirname(maildir), {recursive: true})
    if (number === 1) execFileSync('cp', ['-a', corpus, maildir])
    else fillFolder(maildir, number === 3 ? 100 : 0)
    if (number === 1) fillFolder(join(maildir, '.copies'), 0)
  }
  if (isRoot) execFileSync('chown', ['-R', `${uid}:${gid}`, dirname(dirname(server.maildir(1)))])
}

async function measure(row: Row, context: RowContext): Promise<{wall: number; cpu: number}> {
  if (row.cold) await context.server.dropIndex()
  const clients = (await row.prepare?.(context)) ?? []
  const cpuBefore = cpuMs(context.server.roots)
  const began = performance.now()
  await row.run(context, clients)
  const wall = performance.now() - began
  for (const client of clients) client.close()
  // What the server still does for it counts as well.
  await new Promise((done) => setTimeout(done, 150))
  return {wall, cpu: cpuMs(context.server.roots) - cpuBefore}
}

async function measureRow(row: Row, context: RowContext): Promise<Result> {
  const base = {row: row.title, server: context.server.name}
  try {
    const runs: {wall: number; cpu: number}[] = []
    for (let round = 0; round <= Number(options.rounds); round += 1) {
      progress(`${context.server.name}: ${row.title} (${round})`)
      const run = await measure(row, context)
      if (round > 0) runs.push(run)
    }
    return {...base, wallMs: median(runs.map(({wall}) => wall)), cpuMs: median(runs.map(({cpu}) => cpu))}
  } catch (error) {
    return {...base, wallMs: Number.NaN, cpuMs: Number.NaN, error: error instanceof Error ? error.message : String(error)}
  }
}

async function idleMemory(server: Server, sessions: number): Promise<number> {
  const before = memoryBytes(server.roots)
  const clients: BenchClient[] = []
  for (let number = 0; number < sessions; number += 1) {
    const client = await BenchClient.login(server.port, 'u3@example.com')
    await client.ok('SELECT INBOX')
    client.send('i IDLE\r\n')
    await client.continuation()
    clients.push(client)
  }
  const after = memoryBytes(server.roots)
  for (const client of clients) client.close()
  return (after - before) / sessions
}

function show(value: number, digits = 0): string {
  return Number.isNaN(value) ? '—' : value.toFixed(digits)
}

function printTable(results: readonly Result[], servers: readonly Server[]): void {
  const others = servers.filter(({name}) => name !== 'ours')
  const head = ['row', ...servers.flatMap(({name}) => [`${name} ms`, 'cpu']), ...others.flatMap(({name}) => [`×${name}`, '×cpu'])]
  const lines = [head]
  const factors = new Map<string, number[]>()
  for (const title of new Set(results.map(({row}) => row))) {
    const of = (name: string) => results.find(({row, server}) => row === title && server === name)
    const cells = servers.flatMap(({name}) => [show(of(name)?.wallMs ?? Number.NaN, 1), show(of(name)?.cpuMs ?? Number.NaN)])
    for (const {name} of others) {
      const wall = (of(name)?.wallMs ?? Number.NaN) / (of('ours')?.wallMs ?? Number.NaN)
      const cpu = Math.max(of(name)?.cpuMs ?? Number.NaN, 5) / Math.max(of('ours')?.cpuMs ?? Number.NaN, 5)
      cells.push(show(wall, 2), show(cpu, 2))
      if (!Number.isNaN(wall)) factors.set(name, [...(factors.get(name) ?? []), wall])
    }
    lines.push([title, ...cells])
  }
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  for (const line of lines)
    console.log(line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
  for (const [name, walls] of factors)
    console.log(
      `geometric mean against ${name}: ${Math.exp(walls.reduce((sum, wall) => sum + Math.log(wall), 0) / walls.length).toFixed(2)}`,
    )
  for (const {row, server, error} of results) if (error) console.log(`${server}: ${row}: ${error}`)
  for (const {name, durability} of servers) console.log(`${name}: APPEND: ${durability}`)
}

const directory = options.directory || mkdtempSync(join(tmpdir(), 'courier-bench-'))
mkdirSync(directory, {recursive: true, mode: 0o755})
if (isRoot) execFileSync('chmod', ['755', directory])
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB; ${messages} messages; median of ${options.rounds}`,
)
progress('making mail …')
const corpus = join(directory, 'corpus')
fillFolder(corpus, messages)
const started: Server[] = []
const results: Result[] = []
try {
  const starters = [
    () => startOurs(root, {directory, uid, gid}),
    ...(others.includes('courier') && courierIsInstalled() ? [() => startCourier({directory, uid, gid})] : []),
    ...(others.includes('dovecot') && dovecotIsInstalled() ? [() => startDovecot({directory, uid, gid})] : []),
  ]
  for (const start of starters) started.push(await start())
  for (const server of started) makeMail(server, corpus)
  const rows = ROWS.filter(({title}) => title.toLowerCase().includes(options.only.toLowerCase()))
  for (const server of started) {
    resetDeliveries()
    for (const row of rows) results.push(await measureRow(row, {server, messages, own}))
  }
  progress('')
  if (options.json) console.log(JSON.stringify(results, undefined, 1))
  else {
    printTable(results, started)
    for (const server of started)
      console.log(
        `${server.name}: ${((await idleMemory(server, 200).catch(() => Number.NaN)) / 1024).toFixed(1)} KiB for each idle session`,
      )
  }
} finally {
  for (const server of started) await server.stop().catch((error: unknown) => console.error(`${server.name}: ${error}`))
  if (!options.directory) rmSync(directory, {recursive: true, force: true})
}
process.exit(0)
