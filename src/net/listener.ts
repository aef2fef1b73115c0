/** A listening service: accepts, admits, limits, does TLS where the port asks for it, and hands each connection to its handler. */
import type {Server, Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'
import type {Endpoint} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import {Fault, Hangup} from '../support/fault.js'
import {customerNetwork} from '../support/ip-address.js'
import {LinkedList, type Place} from '../support/linked-list.js'
import type {TlsAcceptor} from '../tls/tls-acceptor.js'
import {closeGently} from '../wire/close-gently.js'
import {StopSignal} from '../wire/stop-signal.js'
import {type Admission, type AdmissionPolicy, type Caller, isDenied} from './admission.js'
import {Callers} from './callers.js'
import {ConnectionCounter, type ConnectionLimits, type Refusal as Full} from './connection-limits.js'
import {Handshakes} from './handshakes.js'
import {acceptFrom, endpointOf, openPort} from './open-port.js'
import {localPeer, type Peer, remotePeer} from './peer.js'
import type {ServerHandle} from './server-handle.js'

/** A client's connection, ready to be greeted. */
export interface ClientConnection {
  readonly socket: Socket
  readonly remote: Peer
  readonly local: Peer
  /** What access rules and lists have set for it. */
  readonly variables: ReadonlyMap<string, string>
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
  /** Tells that the client has logged in: until then its connection gives way when there is no place for others. */
  readonly loggedIn: () => void
  /** Tells that the server stops: the handler says goodbye and returns. */
  readonly shutdown: StopSignal
}

/** What may change at a reload; looked at for each connection. */
export interface ListenerPolicy {
  readonly limits: ConnectionLimits
  /** Gives the certificate and TLS rules of the moment; undefined: no TLS here. */
  readonly acceptor: (() => TlsAcceptor | Promise<TlsAcceptor>) | undefined
  /** PROXY header, access rules, lists; undefined: everybody may connect. */
  readonly admission?: AdmissionPolicy | undefined
}

/** Why a connection is not taken. */
export type Refusal = Full | 'banned'

export interface ListenerOptions {
  readonly endpoints: readonly Endpoint[]
  /** The ports, bound by another process or the service manager; undefined: they are bound here. */
  readonly bound?: readonly ServerHandle[] | undefined
  /** Connections begin with a TLS handshake. */
  readonly implicitTls: boolean
  readonly policy: () => ListenerPolicy
  readonly admission?: Admission | undefined
  /** This address may not connect now. */
  readonly isBanned?: ((ip: string) => boolean) | undefined
  /** Shared by all ports of the process. */
  readonly handshakes?: Handshakes | undefined
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
/** Most connections of which it is not known yet who they are. */
const MAX_UNKNOWN = 1_000

/** Name servers have to be asked about a caller. */
function asksLists({admission}: ListenerPolicy): boolean {
  return admission !== undefined && admission.options.lists.length + admission.options.drop.length > 0
}

interface Live {
  readonly socket: Socket
  /** Resolves when it has ended. */
  done: Promise<void> | undefined
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #live = new LinkedList<Live>()
  readonly #shutdown = new StopSignal()
  readonly #counter: ConnectionCounter
  readonly #callers: Callers
  readonly #handshakes: Handshakes
  /** Until the connections may be served. */
  #unready: Promise<void> | undefined
  #refusing = 0
  #unknown = 0

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#counter = new ConnectionCounter(options)
    this.#callers = new Callers(options.now)
    this.#handshakes = options.handshakes ?? new Handshakes()
    this.#unready = options.ready?.then(() => {
      this.#unready = undefined
    })
  }

  /**
   * Opens all ports, or none. Connections are served from then on.
   *
   * @throws {Fault} `bad-configuration` with what to do about it
   */
  async open(): Promise<void> {
    const {endpoints, bound, log} = this.#options
    const accept = (socket: Socket) => this.#accept(socket)
    const openings = bound ? bound.map((handle) => () => acceptFrom(handle, accept)) : endpoints.map((each) => () => openPort(each, accept))
    try {
      for (const opening of openings) this.#servers.push(await opening())
    } catch (error) {
      this.stopAccepting()
      throw error
    }
    for (const server of this.#servers) server.on('error', (error) => log.error('net.accept-failed', {error}))
  }

  /** The ports that are open, for messages and tests. */
  get endpoints(): Endpoint[] {
    return this.#servers.map(endpointOf)
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
    // Gone before it was accepted.
    if (socket.remoteAddress === undefined) return void socket.destroy()
    const live: Live = {socket, done: undefined}
    const place = this.#live.add(live)
    const gone = () => void place.leave()
    live.done = this.#take(socket).then(gone, (error: unknown) => {
      if (!(error instanceof Hangup)) this.#options.log.error('net.connection-failed', {...remotePeer(socket), error})
      socket.destroy()
      gone()
    })
  }

  async #take(socket: Socket): Promise<void> {
    const policy = this.#options.policy()
    if (this.#unready !== undefined) await this.#unready
    const caller = this.#options.admission?.plain(socket, policy.admission) ?? (await this.#identify(socket, policy))
    if (!caller) return
    const {ip} = caller.remote
    const refusal = this.#options.isBanned?.(ip) ? 'banned' : this.#enter(caller, policy.limits)
    if (refusal) return this.#refuse(socket, refusal)
    const network = customerNetwork(ip)
    const waiting = this.#callers.add(socket, network)
    const leave = () => {
      this.#callers.delete(waiting, network)
      this.#counter.leave(ip)
    }
    const asked = asksLists(policy) ? await this.#ask(socket, {caller, policy}).catch(() => undefined) : caller
    // Returned, not awaited: nothing of this function stays for as long as the session lasts.
    return asked ? this.#run(socket, asked, {policy, network, waiting}).then(leave) : leave()
  }

  /** Who it is; undefined when he may not come in and has been told. @throws {Hangup} */
  async #identify(socket: Socket, {admission: policy}: ListenerPolicy): Promise<Caller | undefined> {
    const {admission} = this.#options
    if (!admission || !policy) return {remote: remotePeer(socket), local: localPeer(socket), variables: new Map()}
    if (this.#unknown >= MAX_UNKNOWN) throw new Hangup('limit')
    this.#unknown += 1
    try {
      const answer = await admission.identify(socket, policy)
      if (!isDenied(answer)) return answer
      await this.#deny(socket, answer.lastLine)
      return undefined
    } finally {
      this.#unknown -= 1
    }
  }

  async #ask(socket: Socket, {caller, policy}: {readonly caller: Caller; readonly policy: ListenerPolicy}): Promise<Caller | undefined> {
    const {admission} = this.#options
    if (!admission || !policy.admission) return caller
    const answer = await admission.ask(caller, policy.admission)
    if (!isDenied(answer)) return answer
    await this.#deny(socket, answer.lastLine)
    return undefined
  }

  /** Takes a place; when all are taken, one of those that have not logged in gives way. */
  #enter({remote: {ip}, variables}: Caller, limits: ConnectionLimits): Full | undefined {
    const own = Number.parseInt(variables.get('MAXCPERIP') ?? '', 10)
    const wanted = own > 0 ? {...limits, perAddress: own} : limits
    if (this.#counter.total < limits.total) return this.#counter.enter(ip, wanted)
    const victim = this.#callers.dispensable()
    if (!victim) return this.#counter.enter(ip, wanted)
    victim.destroy()
    // His place becomes free when his session has noticed; one more connection until then does no harm.
    const refusal = this.#counter.enter(ip, {...wanted, total: wanted.total + MAX_UNKNOWN})
    this.#options.log.debug('net.made-room', {ip})
    return refusal
  }

  async #deny(socket: Socket, lastLine: string | undefined): Promise<void> {
    if (lastLine === undefined || this.#options.implicitTls || this.#refusing >= MAX_REFUSING) return void socket.destroy()
    await this.#sayAndClose(socket, `${lastLine}\n`)
  }

  /** Courier closes without a word; on a port without TLS a line can be said. Never many at once: they are not counted. */
  async #refuse(socket: Socket, reason: Refusal): Promise<void> {
    if (reason === 'banned') this.#options.log.info('net.banned', {ip: remotePeer(socket).ip})
    if (this.#options.implicitTls || this.#refusing >= MAX_REFUSING) return void socket.destroy()
    await this.#sayAndClose(socket, this.#options.refusal(reason))
  }

  async #sayAndClose(socket: Socket, lastLine: string): Promise<void> {
    this.#refusing += 1
    try {
      await closeGently(socket, {limitMs: CLOSE_MS, lastLine})
    } finally {
      this.#refusing -= 1
    }
  }

  /** Never rejects. */
  async #run(
    socket: Socket,
    {remote, local, variables}: Caller,
    {policy: {acceptor}, network, waiting}: {readonly policy: ListenerPolicy; readonly network: string; readonly waiting: Place},
  ): Promise<void> {
    const {implicitTls, serve, log, handshakeMs = HANDSHAKE_MS} = this.#options
    let current: Socket = socket
    const secure = async (from: () => TlsAcceptor | Promise<TlsAcceptor>) => {
      const wrapped = await this.#handshake(socket, {from, remote, network, local, handshakeMs})
      wrapped.on('error', () => wrapped.destroy())
      current = wrapped
      return wrapped
    }
    try {
      if (implicitTls) {
        if (!acceptor) throw new Fault('bad-configuration', 'There is no certificate for this port')
        await secure(acceptor)
      }
      await serve({
        socket: current,
        remote,
        local,
        variables,
        tls: implicitTls,
        startTls: acceptor && !implicitTls ? () => secure(acceptor) : undefined,
        loggedIn: () => this.#callers.delete(waiting, network),
        shutdown: this.#shutdown,
      })
    } catch (error) {
      if (!(error instanceof Hangup)) log.error('net.connection-failed', {ip: remote.ip, port: remote.port, error})
      current.destroy()
    }
    if (!current.destroyed) await closeGently(current, {limitMs: CLOSE_MS})
    socket.destroy()
  }

  #handshake(
    socket: Socket,
    {
      from,
      remote,
      network,
      ...accept
    }: {
      readonly from: () => TlsAcceptor | Promise<TlsAcceptor>
      readonly remote: Peer
      readonly network: string
      readonly local: Peer
      readonly handshakeMs: number
    },
  ): Promise<TLSSocket> {
    const begin = () => {
      const acceptor = from()
      return acceptor instanceof Promise ? acceptor.then((found) => found.accept(socket, accept)) : acceptor.accept(socket, accept)
    }
    return this.#handshakes.run({socket, network, timeoutMs: accept.handshakeMs, begin}).catch((error: unknown) => {
      const {log} = this.#options
      if (error instanceof Hangup && error.reason === 'closed') log.info('tls.failed', {ip: remote.ip, reason: error.message})
      else if (error instanceof Hangup) log.debug('tls.closed', {ip: remote.ip, reason: error.message})
      throw error
    })
  }

  /** Closes the ports at once; the connections live on, `drain` looks after them. */
  stopAccepting(): void {
    for (const server of this.#servers.splice(0)) server.close()
  }

  /** Tells all sessions to end, waits for them, and cuts those that have not ended after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.#shutdown.stop()
    const timer = setTimeout(() => {
      for (const {socket} of [...this.#live]) socket.destroy()
    }, limitMs)
    await Promise.all([...this.#live].map(({done}) => done))
    clearTimeout(timer)
  }
}
