import {rm} from 'node:fs/promises'
import {createServer, type Server, type Socket} from 'node:net'
import type {Log} from '../../log/log.js'
import {Fault, Hangup} from '../../support/fault.js'
import {bindSocket, isAnswered, type SocketOwner, socketIdentity} from '../../support/unix-socket.js'
import type {DaemonAnswers} from './answer.js'
import {DAEMON_LIMITS} from './limits.js'
import {type ServeClientOptions, serveClient} from './serve-client.js'
import {DAEMON_ACCESS} from './socket-path.js'

export interface DaemonServerOptions {
  /** Path of the socket. */
  readonly path: string
  /** Looked at for each request, so that a reload needs no new socket. */
  readonly answers: () => DaemonAnswers
  readonly log: Log
  /** Whose the directory is when it has to be made. */
  readonly owner?: SocketOwner | undefined
  readonly times?: ServeClientOptions['times']
}

/** What became of the wish to open the socket: an authdaemond that answers there keeps it (`design.md` §5). */
export type Opening = 'opened' | 'taken'

/** The authdaemon protocol on a Unix socket. */
export class DaemonServer {
  readonly #options: DaemonServerOptions
  readonly #server: Server
  readonly #live = new Set<Promise<void>>()
  readonly #sockets = new Set<Socket>()
  #identity: string | undefined

  constructor(options: DaemonServerOptions) {
    this.#options = options
    this.#server = createServer({allowHalfOpen: true}, (socket) => this.#accept(socket))
    this.#server.maxConnections = DAEMON_LIMITS.connections
  }

  /** @throws {Fault} `bad-configuration` when the socket cannot be made */
  async open(): Promise<Opening> {
    const {path, log, owner} = this.#options
    if (await isAnswered(path)) return 'taken'
    await bindSocket(this.#server, path, {...DAEMON_ACCESS, owner})
    this.#identity = await socketIdentity(path)
    this.#server.on('error', (error) => log.error('authdaemon.accept-failed', {error}))
    return 'opened'
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const done = this.#serve(socket).finally(() => {
      this.#sockets.delete(socket)
      this.#live.delete(done)
    })
    this.#live.add(done)
  }

  /** Never rejects: what goes wrong ends this connection, without an answer, which means "later". */
  async #serve(socket: Socket): Promise<void> {
    const {answers, log, times} = this.#options
    try {
      await serveClient(socket, {answer: (request) => answers().answer(request), ...(times ? {times} : {})})
    } catch (error) {
      if (error instanceof Hangup) log.debug('authdaemon.closed', {reason: error.message})
      else log.error('authdaemon.failed', error instanceof Fault ? {reason: error.message} : {error})
    }
  }

  /** Closes the socket, waits for the requests that have come, and cuts those that take longer than `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    const {path} = this.#options
    if (this.#identity !== undefined && this.#identity === (await socketIdentity(path))) {
      // It may be in a directory of root's by now: the next one to start replaces it.
      await rm(path, {force: true}).catch(() => undefined)
    }
    if (this.#server.listening) this.#server.close()
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, limitMs)
    await Promise.all(this.#live)
    clearTimeout(timer)
  }
}
