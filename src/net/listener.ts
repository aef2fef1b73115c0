/** A listening service: accepts, limits, does TLS where the port asks for it, and hands each connection to its handler. */
import {createServer, type Server, type Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'
import type {Endpoint} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import {errnoOf, Fault, Hangup} from '../support/fault.js'
import type {TlsAcceptor} from '../tls/tls-acceptor.js'
import {closeGently} from '../wire/close-gently.js'
import {bindFault} from './bind-fault.js'
import {ConnectionCounter, type ConnectionLimits, type Refusal} from './connection-limits.js'
import {localPeer, type Peer, remotePeer} from './peer.js'
import {listenOn, type ServerHandle} from './server-handle.js'

/** A client's connection, ready to be greeted. */
export interface ClientConnection {
  readonly socket: Socket
  readonly remote: Peer
  readonly local: Peer
  /** The connection is encrypted already. */
  readonly tls: boolean
  /**
   * Does the handshake of STARTTLS; undefined when it is not offered. The handler must have thrown away all that it had
   * received before it wrote its reply, and have stopped reading (`design.md` §7, promise 5); what comes after the reply is
   * taken for TLS.
   *
   * @throws {Hangup} when it fails; the socket is destroyed then
   */
  readonly startTls: (() => Promise<TLSSocket>) | undefined
  /** Aborted when the server stops: the handler says goodbye and returns. */
  readonly signal: AbortSignal
}

/** What may change at a reload; looked at for each connection. */
export interface ListenerPolicy {
  readonly limits: ConnectionLimits
  /** Gives the certificate and TLS rules of the moment; undefined: no TLS here. */
  readonly acceptor: (() => Promise<TlsAcceptor>) | undefined
}

export interface ListenerOptions {
  readonly endpoints: readonly Endpoint[]
  /** The ports, bound by another process, one for each of the endpoints; undefined: they are bound here. */
  readonly bound?: readonly ServerHandle[] | undefined
  /** Connections begin with a TLS handshake. */
  readonly implicitTls: boolean
  readonly policy: () => ListenerPolicy
  /** Connections wait, unread, until this resolves: a process that opened its ports as root gives that up first. */
  readonly ready?: Promise<void>
  /** Serves one connection; what it throws ends only this connection. */
  readonly serve: (connection: ClientConnection) => Promise<void>
  /** Last line for a client that is refused, on ports without TLS. */
  readonly refusal: (reason: Refusal) => string
  /** Longest time for a handshake. */
  readonly handshakeMs?: number
  readonly log: Log
  readonly now: () => number
}

/** How long a connection may take to close after its last reply. */
const CLOSE_MS = 3_000
/** Longest time for a handshake, the time that Courier gives to the login. */
const HANDSHAKE_MS = 60_000
/** Most connections that are being told that there is no place. */
const MAX_REFUSING = 100

/** Connections that are told to stop by one signal. */
const SHARED_BY = 32

interface Live {
  readonly abort: AbortController
  readonly done: Promise<void>
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({host, port}, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #live = new Map<Socket, Live>()
  readonly #counter: ConnectionCounter
  #refusing = 0
  #lastStopper = new AbortController()
  #stopperUses = 0

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#counter = new ConnectionCounter(options)
  }

  /**
   * Opens all ports, or none. Connections are served from then on.
   *
   * @throws {Fault} `bad-configuration` with what to do about it
   */
  async open(): Promise<void> {
    const {endpoints, bound} = this.#options
    for (const [index, endpoint] of endpoints.entries()) {
      try {
        this.#servers.push(await this.#listenOn(endpoint, bound?.[index]))
      } catch (error) {
        this.stopAccepting()
        throw bindFault(error, endpoint)
      }
    }
  }

  async #listenOn({address, port}: Endpoint, bound: ServerHandle | undefined): Promise<Server> {
    const server = createServer({allowHalfOpen: true, noDelay: true, keepAlive: true}, (socket) => this.#accept(socket))
    try {
      if (bound) await listenOn(server, bound)
      else await bind(server, address ?? '::', port)
    } catch (error) {
      const code = errnoOf(error)
      if (bound || address !== undefined || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error
      await bind(server, '0.0.0.0', port)
    }
    server.on('error', (error) => this.#options.log.error('net.accept-failed', {error}))
    return server
  }

  /** The ports that are open, for messages and tests. */
  get endpoints(): Endpoint[] {
    return this.#servers.map((server) => {
      const address = server.address()
      return address && typeof address === 'object' ? {address: address.address, port: address.port} : {address: undefined, port: 0}
    })
  }

  get connections(): number {
    return this.#live.size
  }

  /** Counts a connection that another process serves until the answer is called. */
  countElsewhere(ip: string): () => void {
    this.#counter.enter(ip, {total: Number.POSITIVE_INFINITY, perAddress: Number.POSITIVE_INFINITY})
    return () => this.#counter.leave(ip)
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    const remote = remotePeer(socket)
    if (remote.ip === '') return void socket.destroy()
    const policy = this.#options.policy()
    const refusal = this.#counter.enter(remote.ip, policy.limits)
    if (refusal) {
      this.#refuse(socket, refusal)
      return
    }
    const abort = this.#stopper()
    const done = this.#run(socket, remote, {policy, signal: abort.signal}).finally(() => {
      this.#counter.leave(remote.ip)
      this.#live.delete(socket)
    })
    this.#live.set(socket, {abort, done})
  }

  /** Tells a connection to stop. Some connections have one together: it is large, and slow with very many listeners. */
  #stopper(): AbortController {
    if (this.#stopperUses >= SHARED_BY) this.#stopperUses = 0
    if (this.#stopperUses === 0) this.#lastStopper = new AbortController()
    this.#stopperUses += 1
    return this.#lastStopper
  }

  /** Courier closes without a word; on a port without TLS a line can be said. Never many at once: they are not counted. */
  #refuse(socket: Socket, reason: Refusal): void {
    if (this.#options.implicitTls || this.#refusing >= MAX_REFUSING) return void socket.destroy()
    this.#refusing += 1
    void closeGently(socket, {limitMs: CLOSE_MS, lastLine: this.#options.refusal(reason)}).finally(() => {
      this.#refusing -= 1
    })
  }

  /** Never rejects. */
  async #run(
    socket: Socket,
    remote: Peer,
    {policy: {acceptor}, signal}: {readonly policy: ListenerPolicy; readonly signal: AbortSignal},
  ): Promise<void> {
    const {implicitTls, serve, log, ready, handshakeMs = HANDSHAKE_MS} = this.#options
    let current: Socket = socket
    await ready
    const localIp = localPeer(socket).ip
    const accept = async (acceptor: () => Promise<TlsAcceptor>) => (await acceptor()).accept(socket, {localIp, handshakeMs})
    const secure = async (handshake: Promise<TLSSocket>) => {
      const wrapped = await handshake.catch((error: unknown) => {
        if (error instanceof Hangup && error.reason === 'closed') log.info('tls.failed', {ip: remote.ip, reason: error.message})
        else if (error instanceof Hangup) log.debug('tls.closed', {ip: remote.ip, reason: error.message})
        throw error
      })
      wrapped.on('error', () => wrapped.destroy())
      current = wrapped
      return wrapped
    }
    try {
      if (implicitTls) {
        if (!acceptor) throw new Fault('bad-configuration', 'There is no certificate for this port')
        await secure(accept(acceptor))
      }
      await serve({
        socket: current,
        remote,
        local: localPeer(current),
        tls: implicitTls,
        startTls: acceptor && !implicitTls ? () => secure(accept(acceptor)) : undefined,
        signal,
      })
    } catch (error) {
      if (!(error instanceof Hangup)) log.error('net.connection-failed', {ip: remote.ip, port: remote.port, error})
      current.destroy()
    }
    await closeGently(current, {limitMs: CLOSE_MS})
    socket.destroy()
  }

  /** Closes the ports at once; the connections live on, `drain` looks after them. */
  stopAccepting(): void {
    for (const server of this.#servers.splice(0)) server.close()
  }

  /** Tells all sessions to end, waits for them, and cuts those that have not ended after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    for (const {abort} of this.#live.values()) abort.abort()
    const timer = setTimeout(() => {
      for (const socket of this.#live.keys()) socket.destroy()
    }, limitMs)
    await Promise.all([...this.#live.values()].map(({done}) => done))
    clearTimeout(timer)
  }
}
