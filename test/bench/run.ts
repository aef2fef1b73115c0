/**
 * `npm run bench`: the same work against our server and, where they are installed, real Courier and Dovecot.
 *
 * `npm run bench -- --help` tells the options. The README beside this file tells what is measured and what came out.
 */
import {execFileSync} from 'node:child_process'
import {chownSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {cpus, release, tmpdir, totalmem} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {pinClient} from './cores.js'
import {makeMail} from './mail.js'
import {measureRow, type Result} from './measure.js'
import type {Row, RowContext} from './row.js'
import {ROWS} from './rows/registry.js'
import {readResults, type SavedResults, saveResults} from './saved-results.js'
import {courierIsInstalled, startCourier} from './servers/courier.js'
import {dovecotIsInstalled, startDovecot} from './servers/dovecot.js'
import {startOurs} from './servers/ours.js'
import type {Server, StartOptions} from './servers/server.js'
import {printResults} from './table.js'

const HELP = `Measures our server and, where they are installed, Courier and Dovecot doing the same work.

  npm run bench -- [--only WORD,WORD] [--full] [--list] [--messages N] [--rounds N] [--ours] [--roles] [--against NAMES]
                   [--scale PART] [--corpora DIRECTORY] [--json]

  --only WORDS       rows whose titles hold one of these words; long ones when they are all, or with --full
  --full             long rows too
  --list             only tells the rows
  --messages N       messages in the mailbox of most rows (10000)
  --rounds N         counted runs of each row, after one that is not counted (5)
  --ours             without the others; --against courier,dovecot (both) picks them
  --scale PART       part of the sessions and accounts of rows with very many of them (1)
  --corpora DIR      keeps the generated mail there for the next run
  --roles            our server as separate processes, as root has it, instead of one process
  --save FILE        keeps results there after each row, beside those of other rows that it holds
  --show FILE        measures nothing: shows what a file holds
  --json             results as JSON

Examples:
  npm run bench -- --only "SEARCH BODY" --against dovecot
  npm run bench -- --full --json > results.json`

const {values: options} = parseArgs({
  options: {
    only: {type: 'string', default: ''},
    full: {type: 'boolean', default: false},
    list: {type: 'boolean', default: false},
    messages: {type: 'string', default: '10000'},
    rounds: {type: 'string', default: '5'},
    ours: {type: 'boolean', default: false},
    against: {type: 'string', default: 'courier,dovecot'},
    scale: {type: 'string', default: '1'},
    corpora: {type: 'string', default: ''},
    roles: {type: 'boolean', default: false},
    save: {type: 'string', default: ''},
    show: {type: 'string', default: ''},
    json: {type: 'boolean', default: false},
    help: {type: 'boolean', default: false},
  },
})
const isRoot = process.getuid?.() === 0
const messages = Number(options.messages)
const LEAST_MESSAGES = 1000

/** An ordinary user who owns the mail; made when it is missing. */
function benchUser(): {uid: number; gid: number} {
  if (!isRoot) return {uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0}
  const name = 'courierbench'
  try {
    execFileSync('id', [name], {stdio: 'ignore'})
  } catch {
    execFileSync('useradd', ['-r', '-M', '-U', '-d', '/nonexistent', '-s', '/usr/sbin/nologin', name])
  }
  const id = (what: string) => Number(execFileSync('id', [what, name], {encoding: 'utf8'}))
  return {uid: id('-u'), gid: id('-g')}
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function chosenRows(): readonly Row[] {
  const words = options.only
    .toLowerCase()
    .split(',')
    .filter((word) => word !== '')
  const named = ROWS.filter(({title}) => words.length === 0 || words.some((word) => title.toLowerCase().includes(word)))
  const short = named.filter(({isLong}) => !isLong)
  return options.full || short.length === 0 ? named : short
}

async function startServers(start: StartOptions): Promise<Server[]> {
  const others = options.ours ? [] : options.against.split(',')
  const servers: Server[] = []
  try {
    servers.push(await startOurs({...start, separate: options.roles}))
    if (others.includes('courier') && courierIsInstalled()) servers.push(await startCourier(start))
    if (others.includes('dovecot') && dovecotIsInstalled()) servers.push(await startDovecot(start))
    return servers
  } catch (error) {
    for (const server of servers) await server.stop()
    throw error
  }
}

/** `found` is called after each. */
async function measureAll(
  rows: readonly Row[],
  servers: readonly Server[],
  {found, ...context}: Omit<RowContext, 'server'> & {readonly found: (results: readonly Result[]) => void},
): Promise<Result[]> {
  const results: Result[] = []
  for (const row of rows) {
    progress(row.title)
    const contexts = servers.filter(({name}) => row.servers?.includes(name) ?? true).map((server) => ({...context, server}))
    results.push(...(await measureRow(row, contexts, Number(options.rounds))))
    found(results)
  }
  progress('')
  return results
}

/** What it ran on. */
const machine = {
  node: process.version,
  kernel: release(),
  processors: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  date: new Date().toISOString().slice(0, 10),
}

const saved = (results: readonly Result[]): SavedResults => ({machine, messages, rounds: Number(options.rounds), results})

function show({machine, messages, rounds, results}: SavedResults): void {
  if (options.json) return void console.log(JSON.stringify({machine, messages, rounds, results}, undefined, 1))
  console.log(`${machine.date}: Node ${machine.node}, Linux ${machine.kernel}, ${machine.processors}, ${machine.memoryGiB} GiB`)
  console.log(`${messages} messages; medians of ${rounds} runs after one that is not counted\n`)
  printResults(ROWS, results)
}

async function main(): Promise<void> {
  const rows = chosenRows()
  if (options.help) return console.log(HELP)
  if (options.show !== '') return show(readResults(options.show))
  if (!(messages >= LEAST_MESSAGES)) throw new Error(`--messages ${options.messages}: some rows need ${LEAST_MESSAGES} at least`)
  if (options.list) return console.log(rows.map(({title}) => title).join('\n'))
  const directory = mkdtempSync(join(tmpdir(), 'courier-bench-'))
  // The mail's owner has to reach it.
  execFileSync('chmod', ['755', directory])
  const owner = benchUser()
  const mail = {corpora: options.corpora || join(directory, 'corpora'), owner, messages}
  mkdirSync(mail.corpora, {recursive: true})
  pinClient()
  let servers: readonly Server[] = []
  const end = async () => {
    for (const server of servers) await server.stop().catch((error: unknown) => console.error(`${server.name}: ${error}`))
    rmSync(directory, {recursive: true, force: true})
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().finally(() => process.exit(1)))
  try {
    servers = await startServers({directory, ...owner})
    progress('making mail …')
    const accounts = new Set(rows.flatMap((row) => row.mail))
    for (const server of servers) makeMail(server, accounts, mail)
    const own = (path: string) => (isRoot ? chownSync(path, owner.uid, owner.gid) : undefined)
    const found = (results: readonly Result[]) => (options.save === '' ? undefined : saveResults(options.save, saved(results)))
    show(saved(await measureAll(rows, servers, {messages, own, scale: Number(options.scale), directory, found})))
  } finally {
    await end()
  }
}

await main()
process.exit(0)
