/** The connections that have not logged in yet: the first to go when there is no place for others. */
import type {Socket} from 'node:net'
import {customerNetwork} from '../support/ip-address.js'
import {largest} from './handshakes.js'

/** A single one of a network may take this long before it gives way. */
const PATIENCE_MS = 5_000

export class Callers {
  readonly #now: () => number
  /** By network, the oldest first, with the time at which they came. */
  readonly #networks = new Map<string, Set<Socket>>()
  readonly #since = new WeakMap<Socket, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  add(socket: Socket, ip: string): void {
    const network = customerNetwork(ip)
    const own = this.#networks.get(network)
    if (own) own.add(socket)
    else this.#networks.set(network, new Set([socket]))
    this.#since.set(socket, this.#now())
  }

  delete(socket: Socket, ip: string): void {
    const network = customerNetwork(ip)
    const own = this.#networks.get(network)
    if (own?.delete(socket) && own.size === 0) this.#networks.delete(network)
  }

  /** Whose connection gives way to a new one: the oldest of the network that has the most. undefined: all have been logging in just now. */
  dispensable(): Socket | undefined {
    const most = largest(this.#networks)
    const oldest = most?.values().next().value
    if (!most || !oldest) return undefined
    if (most.size > 1) return oldest
    // One connection each: whoever has taken his time.
    return [...this.#networks.values()]
      .flatMap((set) => [...set])
      .find((socket) => this.#now() - (this.#since.get(socket) ?? 0) > PATIENCE_MS)
  }
}
