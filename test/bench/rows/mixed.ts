/** Many sessions of one account that do what mail programs do. */
import type {BenchClient} from '../client.js'
import {message} from '../corpus.js'
import {parallel, percentile, type Row, selected} from '../row.js'

const SESSIONS = 20
const SECONDS = 30
const MAIL = Buffer.from(message(4).toString('latin1').replaceAll('\n', '\r\n'), 'latin1')

/** One command of each kind, around message `at`, by the name of its figure. */
const KINDS: Readonly<Record<string, (client: BenchClient, at: number) => Promise<string>>> = {
  NOOP: (client) => client.ok('NOOP'),
  'FETCH of 50 envelopes': (client, at) => client.ok(`FETCH ${at}:${at + 49} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`),
  'FETCH of 5 bodies': (client, at) => client.ok(`FETCH ${at}:${at + 4} (BODYSTRUCTURE BODY.PEEK[])`),
  'FETCH of a header': (client, at) => client.ok(`UID FETCH ${at} BODY.PEEK[HEADER]`),
  'STORE +FLAGS': (client, at) => client.ok(`STORE ${at} +FLAGS (\\Seen \\Answered)`),
  'STORE -FLAGS': (client, at) => client.ok(`STORE ${at} -FLAGS (\\Answered)`),
  'SEARCH UNSEEN': (client) => client.ok('SEARCH UNSEEN'),
  'SEARCH SUBJECT': (client) => client.ok('SEARCH SUBJECT "budget"'),
  APPEND: (client) => client.ok('APPEND INBOX', MAIL),
  STATUS: (client) => client.ok('STATUS INBOX (MESSAGES UNSEEN)'),
}
const COMMANDS = Object.values(KINDS)

export const MIXED: readonly Row[] = [
  {
    title: '20 sessions for 30 s, mixed work',
    mail: ['mixed'],
    isLong: true,
    figuresOnly: true,
    spreads: true,
    rounds: 1,
    prepare: async (context) => {
      const clients: BenchClient[] = []
      for (let number = 0; number < SESSIONS; number += 1) clients.push(await selected(context, 'mixed'))
      // What is derived once is not part of it.
      await clients[0]?.ok('FETCH 1:* (ENVELOPE BODYSTRUCTURE)')
      await clients[0]?.ok('SEARCH SUBJECT "budget"')
      return clients
    },
    async run({scale, server}, clients) {
      const end = performance.now() + SECONDS * 1000 * scale
      const took = COMMANDS.map((): number[] => [])
      const cpu = server.group.cpuMs(server.roots)
      await parallel(SESSIONS, async (worker) => {
        const client = clients[worker]
        for (let step = 0; client && performance.now() < end; step += 1) {
          const began = performance.now()
          const kind = (worker * 3 + step * 7) % COMMANDS.length
          await COMMANDS[kind]?.(client, 1 + ((worker * 251 + step * 37) % 4900))
          took[kind]?.push(performance.now() - began)
        }
      })
      const used = server.group.cpuMs(server.roots) - cpu
      const all = took.flat()
      const medians = Object.keys(KINDS).map((kind, place) => [`${kind}, median ms`, percentile(took[place] ?? [], 0.5)])
      return {
        'commands per second': all.length / (SECONDS * scale),
        'CPU ms for one': used / all.length,
        'median ms': percentile(all, 0.5),
        'p99 ms': percentile(all, 0.99),
        ...Object.fromEntries(medians),
      }
    },
  },
]
