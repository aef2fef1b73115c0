/** Handshakes, and mail through them. All servers have a certificate with an EC key on P-256. */
import {once} from 'node:events'
import {type ConnectionOptions, connect, type TLSSocket} from 'node:tls'
import {BenchClient} from '../client.js'
import type {Row, RowContext} from '../row.js'
import {userOf} from '../servers/server.js'

const HANDSHAKES = 400
const AT_ONCE = 4
const BOTH = ['ours', 'dovecot'] as const

/** From the connection to the greeting, and away. */
async function greeted({server}: RowContext, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ...options})
  await once(socket, 'data')
  return socket
}

/** A session that can be resumed. */
async function session(context: RowContext): Promise<Buffer> {
  const socket = connect({port: context.server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false})
  const [found] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return found
}

async function handshakes(context: RowContext, {resumed}: {readonly resumed: boolean}): Promise<void> {
  const options = resumed ? {session: await session(context)} : {}
  const one = async () => {
    for (let count = 0; count < HANDSHAKES / AT_ONCE; count += 1) {
      const socket = await greeted(context, options)
      if (socket.isSessionReused() !== resumed) throw new Error(`The session was ${resumed ? 'not ' : ''}resumed`)
      socket.destroy()
    }
  }
  await Promise.all(Array.from({length: AT_ONCE}, one))
}

const handshakeRow = (title: string, resumed: boolean): Row => ({
  title: `${HANDSHAKES} TLS handshakes, ${title}`,
  mail: [],
  servers: BOTH,
  spreads: true,
  run: (context) => handshakes(context, {resumed}),
})

export const TLS: readonly Row[] = [
  handshakeRow('new', false),
  handshakeRow('resumed', true),
  {
    title: 'all bodies over TLS',
    mail: ['main'],
    servers: BOTH,
    async prepare({server}) {
      const client = await BenchClient.login(server.tlsPort, userOf('main'), {tls: true})
      await client.ok('SELECT INBOX')
      return [client]
    },
    async run(_, [client]) {
      await client?.ok('FETCH 1:* BODY.PEEK[]')
    },
  },
]
