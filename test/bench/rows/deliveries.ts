/** Mail that others put into the Maildir while sessions idle there. */
import {linkSync, mkdirSync, readdirSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {BenchClient} from '../client.js'
import {message} from '../corpus.js'
import {idling, median, pause, percentile, type Row, type RowContext} from '../row.js'

const LIMIT_MS = 60_000
const SESSIONS = 50

/** Messages of the account, as they are on disk. */
function countOf(maildir: string): number {
  return readdirSync(join(maildir, 'cur')).length + readdirSync(join(maildir, 'new')).length
}

let delivered = 0

/** Delivers one message by rename into `new/`, as local delivery agents do. */
function deliver({server, own}: RowContext, account: string): void {
  const maildir = server.maildir(account)
  const first = join(maildir, 'tmp', 'bench-mail')
  if (delivered === 0 || !readdirSync(join(maildir, 'tmp')).includes('bench-mail')) {
    mkdirSync(join(maildir, 'tmp'), {recursive: true})
    writeFileSync(first, message(2))
    own(first)
  }
  delivered += 1
  const name = `${1_800_000_000 + delivered}.M1P${delivered}.delivery`
  linkSync(first, join(maildir, 'tmp', name))
  renameSync(join(maildir, 'tmp', name), join(maildir, 'new', name))
}

/** Calls back for each session when it is told of so many messages. */
function onExists(clients: readonly BenchClient[], heard: (messages: number) => void): void {
  for (const client of clients) {
    let text = ''
    client.onData = (chunk) => {
      text = (text + chunk.toString('latin1')).slice(-400)
      const last = [...text.matchAll(/\* (\d+) EXISTS/g)].at(-1)?.[1]
      if (last !== undefined) heard(Number(last))
    }
  }
}

/** Answers when every session has been told of so many messages. */
async function allTold(clients: readonly BenchClient[], messages: number): Promise<void> {
  const told = clients.map((client) => new Promise<void>((resolve) => onExists([client], (count) => void (count >= messages && resolve()))))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not all sessions were told within ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  })
  await Promise.race([Promise.all(told), late]).finally(() => clearTimeout(timer))
}

/** As fast as they go, in small bursts. */
async function burst(context: RowContext, account: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    deliver(context, account)
    if (number % 20 === 19) await pause(1)
  }
}

async function atRate(context: RowContext, account: string, {count, perSecond}: {readonly count: number; readonly perSecond: number}) {
  const began = performance.now()
  for (let number = 0; number < count; number += 1) {
    const due = began + (number * 1000) / perSecond
    if (due > performance.now()) await pause(due - performance.now())
    deliver(context, account)
  }
}

/** How long each of the sessions waits for the news of each message. */
async function latencies(context: RowContext, clients: readonly BenchClient[], count: number): Promise<number[]> {
  const waited: number[] = []
  for (let number = 0; number < count; number += 1) {
    const target = countOf(context.server.maildir('deliveries')) + 1
    let deliveredAt = 0
    const told = clients.map(
      (client) =>
        new Promise<void>((resolve) => {
          onExists([client], (messages) => {
            if (messages < target) return
            waited.push(performance.now() - deliveredAt)
            client.onData = undefined
            resolve()
          })
        }),
    )
    // Not in step with anything that the server does regularly.
    await pause(40 + ((number * 37) % 60))
    deliveredAt = performance.now()
    deliver(context, 'deliveries')
    await Promise.race([Promise.all(told), pause(10_000)])
  }
  return waited
}

export const DELIVERIES: readonly Row[] = [
  {
    title: '1,000 deliveries by rename, 50 sessions idle',
    mail: ['deliveries'],
    spreads: true,
    settles: true,
    prepare: (context) => idling(context, 'deliveries', SESSIONS),
    run: async (context, clients) => {
      const told = allTold(clients, countOf(context.server.maildir('deliveries')) + 1000)
      await burst(context, 'deliveries', 1000)
      await told
    },
  },
  {
    title: 'news of one message, 50 sessions idle',
    mail: ['deliveries'],
    figuresOnly: true,
    rounds: 1,
    prepare: (context) => idling(context, 'deliveries', SESSIONS),
    targets: {'median ms': {atMost: 10}, 'p99 ms': {atMost: 50}},
    run: async (context, clients) => {
      const waited = await latencies(context, clients, context.server.name === 'ours' ? 100 : 10)
      return {'median ms': median(waited), 'p99 ms': percentile(waited, 0.99)}
    },
  },
  {
    title: '2,000 deliveries at 200/s into 50,000, 50 sessions idle',
    mail: ['busy'],
    isLong: true,
    spreads: true,
    settles: true,
    rounds: 1,
    prepare: (context) => idling(context, 'busy', SESSIONS),
    run: async (context, clients) => {
      const told = allTold(clients, countOf(context.server.maildir('busy')) + 2000)
      await atRate(context, 'busy', {count: 2000, perSecond: 200})
      const began = performance.now()
      await told
      return {'told after the last one, ms': performance.now() - began}
    },
  },
]
