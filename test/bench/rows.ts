/** What is measured: one entry for each row of the table. */
import {linkSync, mkdirSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {BenchClient} from './client.js'
import {message} from './corpus.js'
import type {Server} from './servers.js'

export interface RowContext {
  readonly server: Server
  /** Messages in u1's INBOX. */
  readonly messages: number
  /** Gives a path to the account's user. */
  readonly own: (path: string) => void
}

export interface Row {
  readonly title: string
  /** The index is thrown away before each run. */
  readonly cold?: boolean
  /** Not measured. Answers what `run` works with. */
  prepare?(context: RowContext): Promise<BenchClient[]>
  run(context: RowContext, clients: BenchClient[]): Promise<void>
}

const USER = 'u1@example.com'

/** A session with INBOX open. */
async function selected({server}: RowContext): Promise<BenchClient[]> {
  const client = await BenchClient.login(server.port, USER)
  await client.ok('SELECT INBOX')
  return [client]
}

/** A row of commands on the selected INBOX. */
function commands(title: string, list: readonly string[], options: {readonly cold?: boolean} = {}): Row {
  return {
    title,
    ...options,
    prepare: selected,
    run: async (_, [client]) => {
      for (const command of list) await client?.ok(command)
    },
  }
}

/** The same, first without an index and then with it. */
function coldAndWarm(title: string, list: readonly string[]): Row[] {
  return [commands(`${title}, cold`, list, {cold: true}), commands(title, list)]
}

async function parallel(count: number, task: (worker: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({length: count}, (_, worker) => task(worker)))
}

export const ROWS: readonly Row[] = [
  {
    title: 'open INBOX ×10 with login',
    run: async ({server}) => {
      for (let round = 0; round < 10; round += 1) {
        const client = await BenchClient.login(server.port, USER)
        await client.ok('SELECT INBOX')
        await client.ok('LOGOUT')
        client.close()
      }
    },
  },
  ...coldAndWarm('UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)', ['UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)']),
  ...coldAndWarm('FETCH 1:* (ENVELOPE BODYSTRUCTURE)', ['FETCH 1:* (ENVELOPE BODYSTRUCTURE)']),
  ...coldAndWarm('FETCH 1:* BODY.PEEK[HEADER.FIELDS (7)]', [
    'FETCH 1:* BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES)]',
  ]),
  commands('all bodies', ['FETCH 1:* BODY.PEEK[]']),
  ...coldAndWarm('SEARCH SUBJECT', ['SEARCH SUBJECT "invoice quota"']),
  commands('SEARCH BODY', ['SEARCH BODY "nowhere to be found"']),
  ...coldAndWarm('SORT (SUBJECT)', ['SORT (SUBJECT) UTF-8 ALL']),
  ...coldAndWarm('THREAD REFERENCES', ['THREAD REFERENCES UTF-8 ALL']),
  commands('STORE 1:* +FLAGS, −FLAGS', ['STORE 1:* +FLAGS.SILENT (\\Flagged)', 'STORE 1:* -FLAGS.SILENT (\\Flagged)']),
  commands('COPY 1,000 messages', ['COPY 1:1000 INBOX.copies']),
  {
    title: '2,000 APPENDs over 4 sessions',
    prepare: async ({server}) => {
      const clients: BenchClient[] = []
      for (let number = 0; number < 4; number += 1) clients.push(await BenchClient.login(server.port, 'u2@example.com'))
      return clients
    },
    run: async (_, clients) => {
      const mail = Buffer.from(message(1).toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
      await parallel(4, async (worker) => {
        for (let count = 0; count < 500; count += 1) await clients[worker]?.ok('APPEND INBOX', mail)
      })
    },
  },
  {
    title: '400 × login, SELECT, logout over 4 sessions',
    run: async ({server}) => {
      await parallel(4, async () => {
        for (let count = 0; count < 100; count += 1) {
          const client = await BenchClient.login(server.port, 'u3@example.com')
          await client.ok('SELECT INBOX')
          await client.ok('LOGOUT')
          client.close()
        }
      })
    },
  },
  {
    title: '1,000 deliveries while 50 sessions idle',
    prepare: async ({server}) => {
      const clients: BenchClient[] = []
      for (let number = 0; number < 50; number += 1) {
        const client = await BenchClient.login(server.port, 'u4@example.com')
        await client.ok('SELECT INBOX')
        client.send('i IDLE\r\n')
        await client.continuation()
        clients.push(client)
      }
      return clients
    },
    run: async (context, clients) => deliverAndTell(context, clients, 1000),
  },
]

let delivery = 0

/** Delivers by rename into `new/` and waits until every session was told of the last one. */
async function deliverAndTell({server, own}: RowContext, clients: readonly BenchClient[], count: number): Promise<void> {
  const maildir = server.maildir(4)
  const told = clients.map(
    (client) =>
      new Promise<void>((resolve) => {
        let text = ''
        client.onData = (chunk) => {
          text = (text + chunk.toString('latin1')).slice(-400)
          const last = [...text.matchAll(/\* (\d+) EXISTS/g)].at(-1)?.[1]
          if (last !== undefined && Number(last) >= delivery) resolve()
        }
      }),
  )
  mkdirSync(join(maildir, 'tmp'), {recursive: true})
  const first = join(maildir, 'tmp', `bench${delivery}`)
  writeFileSync(first, message(2))
  own(first)
  const before = delivery
  delivery += count
  for (let number = 0; number < count; number += 1) {
    const name = `${1_800_000_000 + before + number}.M1P${number}.delivery`
    linkSync(first, join(maildir, 'tmp', name))
    renameSync(join(maildir, 'tmp', name), join(maildir, 'new', name))
    if (number % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.race([
    Promise.all(told),
    new Promise((_, reject) => setTimeout(() => reject(new Error('Not all sessions were told within 60 s')), 60_000).unref()),
  ])
}

/** Each server counts its own deliveries. */
export function resetDeliveries(): void {
  delivery = 0
}
