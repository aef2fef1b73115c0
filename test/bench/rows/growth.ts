/** What a mailbox of 100,000 messages costs more than one of 1,000. */
import {linkSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {BenchClient} from '../client.js'
import {message} from '../corpus.js'
import {processMemory} from '../process-tree.js'
import {type Figures, login, median, pause, type Row, type RowContext, selected} from '../row.js'

const OPENS = 40

async function selectMs(client: BenchClient): Promise<number> {
  const began = performance.now()
  await client.ok('SELECT INBOX')
  return performance.now() - began
}

/** Median of opening an INBOX that the server knows. */
async function openMs(context: RowContext, account: string): Promise<number> {
  const client = await login(context, account)
  const took: number[] = []
  for (let time = 0; time < OPENS; time += 1) took.push(await selectMs(client))
  client.close()
  return median(took)
}

/** The first opening after a restart, and what it costs in memory. */
async function afterRestart(context: RowContext): Promise<Figures> {
  const {server} = context
  // All that it knows is on disk.
  for (const account of ['large', 'small']) {
    const client = await selected(context, account)
    await client.ok('UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)')
    client.close()
  }
  await pause(server.settleMs)
  await server.restart?.()
  // The code has been run once.
  const small = await login(context, 'small')
  await small.ok('SELECT INBOX')
  const client = await login(context, 'large')
  await server.probe?.memory()
  const before = processMemory(server.roots)
  const ms = await selectMs(client)
  await server.probe?.memory()
  const after = processMemory(server.roots)
  client.close()
  small.close()
  return {'opened after a restart, ms': ms, 'resident memory for it, MiB': (after - before) / 2 ** 20}
}

let delivered = 0

/** One new message: delivered, told at the next NOOP, fetched. */
async function newMessage(context: RowContext): Promise<Figures> {
  const {server, own} = context
  const client = await selected(context, 'large')
  const maildir = server.maildir('large')
  const waiting = join(maildir, 'tmp', 'bench-new')
  const took: number[] = []
  const stalls: number[] = []
  for (let time = 0; time < 10; time += 1) {
    writeFileSync(waiting, message(3))
    own(waiting)
    delivered += 1
    const name = `${1_900_000_000 + delivered}.M1P${process.pid}.new`
    linkSync(waiting, join(maildir, 'tmp', name))
    await server.probe?.startDelay()
    const began = performance.now()
    renameSync(join(maildir, 'tmp', name), join(maildir, 'new', name))
    const told = await client.ok('NOOP')
    const number = /\* (\d+) EXISTS/.exec(told)?.[1]
    if (number === undefined) throw new Error('NOOP does not tell the new message')
    await client.ok(`FETCH ${number} (FLAGS ENVELOPE BODY.PEEK[])`)
    took.push(performance.now() - began)
    stalls.push((await server.probe?.stopDelay())?.max ?? Number.NaN)
    await pause(1_100)
  }
  client.close()
  return {'new message seen and fetched, ms': median(took), 'longest stall for it, ms': median(stalls)}
}

export const GROWTH: readonly Row[] = [
  {
    title: '100,000 messages',
    mail: ['large', 'small'],
    isLong: true,
    figuresOnly: true,
    rounds: 1,
    servers: ['ours', 'dovecot'],
    targets: {
      'times the opening of 1,000': {atMost: 1.5},
      'opened after a restart, ms': {atMost: 15},
      'resident memory for it, MiB': {atMost: 30},
      'new message seen and fetched, ms': {atMost: 30},
      'longest stall for it, ms': {atMost: 5},
    },
    async run(context) {
      const restarted = context.server.restart ? await afterRestart(context) : {}
      const [small, large] = [await openMs(context, 'small'), await openMs(context, 'large')]
      const opened = {'1,000 opened again, ms': small, 'opened again, ms': large, 'times the opening of 1,000': large / small}
      return {...opened, ...restarted, ...(await newMessage(context))}
    },
  },
]
