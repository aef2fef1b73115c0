/** STORE, COPY, EXPUNGE, APPEND. */
import type {BenchClient} from '../client.js'
import {message} from '../corpus.js'
import {commands, idling, login, parallel, type Row, selected} from '../row.js'

const MAIL = Buffer.from(message(1).toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
const IDLERS = 20

/** Each of some sessions flags single messages and takes the flags away again, while others idle in the mailbox: each STORE changes something. */
function flagStorm(sessions: number, each: number): Row {
  return {
    title: `${sessions * each} STOREs of one message over ${sessions} sessions, ${IDLERS} idle`,
    mail: ['storm'],
    spreads: true,
    settles: true,
    prepare: async (context) => {
      const writers: BenchClient[] = []
      for (let number = 0; number < sessions; number += 1) writers.push(await selected(context, 'storm'))
      return [...writers, ...(await idling(context, 'storm', IDLERS))]
    },
    run: (_, clients) =>
      parallel(sessions, async (worker) => {
        const messages = Array.from({length: each / 2}, (_, count) => 1 + (((worker * each + count) * 7) % 2000))
        for (const sign of ['+', '-']) {
          for (const number of messages) await clients[worker]?.ok(`STORE ${number} ${sign}FLAGS.SILENT (\\Flagged)`)
        }
      }),
  }
}

export const WRITING: readonly Row[] = [
  commands('STORE 1:* +FLAGS, −FLAGS', ['STORE 1:* +FLAGS.SILENT (\\Flagged)', 'STORE 1:* -FLAGS.SILENT (\\Flagged)'], {
    repeats: false,
    settles: true,
  }),
  commands('COPY 1,000 messages', ['COPY 1:1000 INBOX.copies'], {repeats: false, settles: true}),
  {
    title: 'EXPUNGE 1,000 messages',
    mail: ['main'],
    settles: true,
    prepare: async (context) => {
      const client = await selected(context, 'main')
      await client.ok('COPY 1:1000 INBOX.copies')
      await client.ok('SELECT INBOX.copies')
      await client.ok('STORE 1:1000 +FLAGS.SILENT (\\Deleted)')
      return [client]
    },
    run: async (_, [client]) => void (await client?.ok('EXPUNGE')),
  },
  {
    title: '2,000 APPENDs over 4 sessions',
    mail: ['appends'],
    spreads: true,
    settles: true,
    prepare: async (context) => {
      const clients: BenchClient[] = []
      for (let number = 0; number < 4; number += 1) clients.push(await login(context, 'appends'))
      return clients
    },
    run: (_, clients) =>
      parallel(4, async (worker) => {
        for (let count = 0; count < 500; count += 1) await clients[worker]?.ok('APPEND INBOX', MAIL)
      }),
  },
  flagStorm(4, 250),
]
