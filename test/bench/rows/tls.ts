/** Handshakes, and mail through them. All servers have a certificate with an EC key on P-256. */
import {once} from 'node:events'
import {type ConnectionOptions, connect, type TLSSocket} from 'node:tls'
import {BenchClient} from '../client.js'
import {type Figures, parallel, type Row, type RowContext} from '../row.js'
import {userOf} from '../servers/server.js'

/** As many as it takes until the code of a new process is compiled: what is counted is the rate of one that has run for a while. */
const HANDSHAKES = 2000
const AT_ONCE = 4
const BOTH = ['ours', 'dovecot'] as const

type Offer = Pick<ConnectionOptions, 'session' | 'maxVersion'>

function connectTo({server}: RowContext, offer: Offer): TLSSocket {
  return connect({port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ...offer})
}

/** A session of TLS 1.2 that can be resumed: Dovecot 2.3 resumes none of TLS 1.3. */
async function session(context: RowContext): Promise<Offer> {
  const socket = connectTo(context, {maxVersion: 'TLSv1.2'})
  const [found] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return {maxVersion: 'TLSv1.2', session: found}
}

/** From the connection to the greeting, and away. Answers how many sessions were resumed. */
async function handshakes(context: RowContext, offer: Offer): Promise<number> {
  let resumed = 0
  await parallel(AT_ONCE, async () => {
    for (let count = 0; count < HANDSHAKES / AT_ONCE; count += 1) {
      const socket = connectTo(context, offer)
      await once(socket, 'data')
      if (socket.isSessionReused()) resumed += 1
      socket.destroy()
    }
  })
  return resumed
}

const newHandshakes: Row = {
  title: `${HANDSHAKES} TLS handshakes, new`,
  mail: [],
  servers: BOTH,
  spreads: true,
  async run(context) {
    if ((await handshakes(context, {})) > 0) throw new Error('A session was resumed')
  },
}

/** Each of Dovecot's login processes has ticket keys of its own, so that it resumes about half of the sessions. */
const resumedHandshakes: Row = {
  title: `${HANDSHAKES} TLS handshakes, sessions offered`,
  mail: [],
  servers: BOTH,
  spreads: true,
  async run(context): Promise<Figures> {
    return {'sessions resumed': await handshakes(context, await session(context))}
  },
  targets: {'sessions resumed': {atLeast: HANDSHAKES}},
}

export const TLS: readonly Row[] = [
  newHandshakes,
  resumedHandshakes,
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
