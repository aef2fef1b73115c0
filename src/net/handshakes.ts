/**
 * When handshakes are done, and how many at a time: each costs the event loop most of a millisecond, and a client may begin one
 * and never end it.
 *
 * A connection that says nothing costs nothing but its place: TLS begins with its first octets. Handshakes that are ready take
 * turns by network, one or two in a turn of the loop, so that sessions are served in between; every other turn is for a network with few in
 * progress, so that a user does not wait for each of those who flood. Of those that do not end the oldest gives way to a new one,
 * first among the network that has the most.
 */
import type {Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'
import {Hangup} from '../support/fault.js'
import {LinkedList, type Place} from '../support/linked-list.js'

export interface HandshakeLimits {
  /** Handshakes in progress, in all and of one network. */
  readonly total: number
  readonly perNetwork: number
}

export interface Handshake {
  readonly socket: Socket
  /** Whose it is: connections of one customer share it. */
  readonly network: string
  /** For the first octets. */
  readonly timeoutMs: number
  /** Begins; called in its turn. */
  readonly begin: () => Promise<TLSSocket>
}

/** Networks that are compared for a turn. */
const COMPARED = 32

const LIMITS: HandshakeLimits = {total: 512, perNetwork: 128}

export class Handshakes {
  readonly #limits: HandshakeLimits
  /** Waiting for their turn, by network: the networks take turns. */
  readonly #queue = new Map<string, (() => void)[]>()
  /** In progress, by network, the oldest first. */
  readonly #running = new Map<string, LinkedList<Socket>>()
  #total = 0
  #turning = false
  /** The next turn is for a network with few in progress. */
  #forFew = false

  constructor(limits: HandshakeLimits = LIMITS) {
    this.#limits = limits
  }

  /** In progress now. */
  get total(): number {
    return this.#total
  }

  /** @throws {Hangup} `stalled` when the peer says nothing, what `begin` throws else */
  async run(handshake: Handshake): Promise<TLSSocket> {
    const {socket, network, begin} = handshake
    const octets = firstOctets(handshake)
    if (octets !== undefined) await octets
    const turn = this.#turn(network)
    if (turn !== undefined) await turn
    if (socket.destroyed) throw new Hangup('stalled', 'Unexpected SSL connection shutdown.')
    this.#makeRoom(network)
    const place = this.#enter(network, socket)
    try {
      return await begin()
    } finally {
      this.#leave(network, place)
    }
  }

  /** Resolves when it may begin; undefined: it may at once, the first one of a turn of the loop. */
  #turn(network: string): Promise<void> | undefined {
    if (!this.#turning) {
      this.#turning = true
      this.#afterTurn()
      return undefined
    }
    return new Promise((resolve) => {
      const waiting = this.#queue.get(network)
      if (waiting) waiting.push(resolve)
      else this.#queue.set(network, [resolve])
    })
  }

  #afterTurn(): void {
    setImmediate(() => this.#next())
  }

  /** The oldest of the network whose turn it is. */
  #next(): void {
    this.#forFew = !this.#forFew
    const network = this.#forFew ? this.#withFewest() : this.#queue.keys().next().value
    const waiting = network === undefined ? undefined : this.#queue.get(network)
    if (network === undefined || waiting === undefined) {
      this.#turning = false
      return
    }
    this.#queue.delete(network)
    waiting.shift()?.()
    if (waiting.length > 0) this.#queue.set(network, waiting)
    this.#afterTurn()
  }

  /** Of the networks that have waited longest, the one with the fewest in progress. */
  #withFewest(): string | undefined {
    let found: string | undefined
    let fewest = Number.POSITIVE_INFINITY
    let compared = 0
    for (const network of this.#queue.keys()) {
      const own = this.#running.get(network)?.size ?? 0
      if (own < fewest) [found, fewest] = [network, own]
      compared += 1
      if (fewest === 0 || compared >= COMPARED) break
    }
    return found
  }

  #makeRoom(network: string): void {
    const {total, perNetwork} = this.#limits
    const own = this.#running.get(network)
    if (own && own.size >= perNetwork) evictOldest(own)
    else if (this.#total >= total) evictOldest(largest(this.#running))
  }

  #enter(network: string, socket: Socket): Place {
    const found = this.#running.get(network)
    const own = found ?? new LinkedList<Socket>()
    if (!found) this.#running.set(network, own)
    this.#total += 1
    return own.add(socket)
  }

  #leave(network: string, place: Place): void {
    place.leave()
    this.#total -= 1
    if (this.#running.get(network)?.size === 0) this.#running.delete(network)
  }
}

/** Its handshake fails, and leaves its place, when the socket is closed. */
function evictOldest(sockets: LinkedList<Socket> | undefined): void {
  sockets?.first?.destroy()
}

/** The largest of some collections. */
export function largest<T extends {readonly size: number}>(collections: ReadonlyMap<string, T>): T | undefined {
  let found: T | undefined
  for (const each of collections.values()) if (!found || each.size > found.size) found = each
  return found
}

/** Waits until the peer has said something, and leaves that in the socket. undefined: it has. */
function firstOctets({socket, timeoutMs}: Handshake): Promise<void> | undefined {
  if (socket.readableLength > 0) return undefined
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer)
      socket.off('readable', look).off('end', gone).off('close', gone)
      act()
    }
    const look = () => {
      if (socket.readableLength > 0) settle(resolve)
      else if (socket.readableEnded || socket.destroyed) gone()
      else socket.read(0)
    }
    const gone = () =>
      settle(() => {
        socket.destroy()
        reject(new Hangup('stalled', 'Unexpected SSL connection shutdown.'))
      })
    const timer = setTimeout(() => {
      settle(() => {
        socket.destroy()
        reject(new Hangup('stalled', 'TLS handshake takes too long'))
      })
    }, timeoutMs)
    socket.on('readable', look).on('end', gone).on('close', gone)
    look()
  })
}
