import {once} from 'node:events'
import {writeFile} from 'node:fs/promises'
import {connect} from 'node:net'
import {join} from 'node:path'
import {type Authenticate, DaemonAnswers} from '../../../src/auth/daemon/answer.js'
import {cramLogins} from '../../../src/auth/daemon/cram-logins.js'
import {DaemonServer, type DaemonServerOptions} from '../../../src/auth/daemon/daemon-server.js'
import {ModuleChain} from '../../../src/auth/module-chain.js'
import type {AuthModule} from '../../../src/auth/modules/module.js'
import {startAuth} from '../../../src/services/start-auth.js'
import {recordingLog, scratch} from './scratch.js'

/** Accounts of `spec/auth.md` §30.4. */
export const ACCOUNTS = `# test accounts
ann@corp.example\tuid=5001|gid=5001|home=/srv/mail/ann|mail=./Maildir|quota=5000000S|gecos=Ann Lee,room 3|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=|hmac-md5pw=cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56|options=sharedgroup=north
bob\tuid=5002|gid=5001|home=/srv/mail/bob|imappw={MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69|systempw={SHA256}y2QIsM7Z0w3gXCoInmkPopoUYuC70F958Iaiil113o8=
5001=\tann@corp.example
`

export interface DaemonOptions {
  readonly userdb?: string
  /** Text of the program of authpipe. */
  readonly authProg?: string
  readonly defaultOptions?: string
  readonly modules?: readonly string[]
  /** Modules instead of those by name. */
  readonly sources?: readonly AuthModule[]
  readonly authenticators?: ReadonlyMap<string, Authenticate>
  readonly times?: DaemonServerOptions['times']
}

/** Our daemon on a socket of its own. */
export async function daemon({
  userdb = ACCOUNTS,
  authProg,
  defaultOptions = '',
  modules = ['authuserdb'],
  sources,
  authenticators,
  times,
}: DaemonOptions = {}) {
  const place = await scratch()
  await place.userdb(userdb)
  if (authProg !== undefined) await writeFile(place.path('authProg'), authProg, {mode: 0o700})
  const log = recordingLog()
  const defaults = {options: defaultOptions, maildir: './Maildir'}
  const role = startAuth(
    {directory: place.directory, modules, defaultOptions, defaultMaildir: './Maildir', defaultDomain: {domain: '', separators: undefined}},
    log,
  )
  const chain = sources ? new ModuleChain({modules: sources, log}) : role.modules
  const answers = new DaemonAnswers({modules: chain, defaults, authenticators: authenticators ?? cramLogins(chain), log})
  const path = join(place.directory, 'run', 'socket')
  const server = new DaemonServer({path, answers: () => answers, log, ...(times ? {times} : {})})
  const opening = await server.open()
  return {
    ...place,
    socket: path,
    opening,
    log,
    server,
    role,
    ask: (request: string | Buffer, how?: AskOptions) => askSocket(path, request, how),
    async [Symbol.asyncDispose]() {
      await server.stop(200)
      await role.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

export interface AskOptions {
  /** The writing side is closed with the request, as Exim does. */
  readonly half?: boolean
}

/** Sends octets, and gives all that comes until the daemon closes. Octets are characters. */
export async function askSocket(path: string, request: string | Buffer, {half = false}: AskOptions = {}): Promise<string> {
  const socket = connect({path, allowHalfOpen: true})
  let reply = ''
  socket.on('data', (chunk: Buffer) => {
    reply += chunk.toString('latin1')
  })
  const ended = once(socket, 'end').catch((error: NodeJS.ErrnoException) => {
    // It closed before it had read all: that is an end too.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error
  })
  const octets = typeof request === 'string' ? Buffer.from(request, 'latin1') : request
  if (half) socket.end(octets)
  else socket.write(octets)
  await ended
  socket.destroy()
  return reply
}

/** `AUTH` with its length. */
export function auth(...lines: readonly string[]): string {
  const data = lines.map((line) => `${line}\n`).join('')
  return `AUTH ${data.length}\n${data}`
}
