/** What sessions cost that do nothing. */
import {BenchClient} from '../client.js'
import {processMemory} from '../process-tree.js'
import {type Figures, parallel, pause, type Row, type RowContext, selected} from '../row.js'
import {IDLE_ACCOUNTS, type Server, userOf} from '../servers/server.js'

const SESSIONS = 5_000
/** The others start a process for each: fewer say as much. */
const SESSIONS_OF_OTHERS = 200
const AT_ONCE = 16
const KIB = 1024
/** For memory that is given back to the kernel late. */
const REST_MS = 3_000

/** Proportional set size after the garbage is gone, octets. */
async function memoryOf({probe, roots}: Server): Promise<number> {
  await probe?.memory()
  await pause(REST_MS)
  await probe?.memory()
  return processMemory(roots)
}

async function open({server}: RowContext, count: number, tls: boolean): Promise<BenchClient[]> {
  const clients: BenchClient[] = []
  const folders = Math.min(IDLE_ACCOUNTS, Math.ceil(count / 10))
  let begun = 0
  await parallel(AT_ONCE, async () => {
    while (begun < count) {
      const account = `idle${1 + (begun++ % folders)}`
      const client = await BenchClient.login(tls ? server.tlsPort : server.port, userOf(account), {tls})
      clients.push(client)
      await client.ok('SELECT INBOX')
      await client.idle()
    }
  })
  return clients
}

/** Each of them reads the message of 1 MB, and idles again. */
async function readOne(clients: readonly BenchClient[]): Promise<void> {
  let begun = 0
  await parallel(4, async () => {
    for (let client = clients[begun++]; client; client = clients[begun++]) {
      await client.done()
      await client.ok('FETCH 1 BODY.PEEK[]')
      await client.idle()
    }
  })
}

/** The code has been run and the mailboxes were looked at: what comes after it is for the sessions. */
async function warmUp(context: RowContext, tls: boolean): Promise<void> {
  const clients = await open(context, 50, tls)
  await readOne(clients)
  for (const client of clients) client.close()
  await pause(500)
}

async function measure(context: RowContext, tls: boolean): Promise<Figures> {
  const {server, scale} = context
  await server.restart?.()
  await warmUp(context, tls)
  const fixed = await memoryOf(server)
  const count = Math.round((server.name === 'ours' ? SESSIONS : SESSIONS_OF_OTHERS) * scale)
  const clients = await open(context, count, tls)
  try {
    const fresh = await memoryOf(server)
    await readOne(clients)
    const used = await memoryOf(server)
    return {
      'server without sessions, MiB': fixed / KIB / KIB,
      'KiB for each, fresh': (fresh - fixed) / count / KIB,
      'KiB for each, after 1 MB': (used - fixed) / count / KIB,
    }
  } finally {
    for (const client of clients) client.close()
    await pause(1_000)
  }
}

function idle(title: string, tls: boolean, [fresh, used]: readonly [number, number]): Row {
  return {
    title,
    mail: ['idle'],
    isLong: true,
    figuresOnly: true,
    rounds: 1,
    servers: tls ? ['ours', 'dovecot'] : ['ours', 'courier', 'dovecot'],
    targets: {'KiB for each, fresh': {atMost: fresh}, 'KiB for each, after 1 MB': {atMost: used}},
    run: (context) => measure(context, tls),
  }
}

export const IDLE: readonly Row[] = [
  idle('5,000 idle sessions on 500 mailboxes', false, [16, 24]),
  idle('5,000 idle sessions on 500 mailboxes over TLS', true, [48, 96]),
  {
    title: '200 idle sessions on one mailbox',
    mail: ['logins'],
    figuresOnly: true,
    rounds: 1,
    async run(context) {
      const before = await memoryOf(context.server)
      const clients: BenchClient[] = []
      for (let number = 0; number < 200; number += 1) {
        clients.push(await selected(context, 'logins'))
        await clients[number]?.idle()
      }
      const after = await memoryOf(context.server)
      for (const client of clients) client.close()
      return {'KiB for each': (after - before) / 200 / KIB}
    },
  },
]
