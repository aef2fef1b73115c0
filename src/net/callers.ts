/** The connections that have not logged in yet: the first to go when there is no place for others. */
import type {Socket} from 'node:net'
import {largest} from './handshakes.js'

/** A single one of a network may take this long before it gives way. */
const PATIENCE_MS = 5_000

export class Callers {
  readonly #now: () => number
  /** By network, the oldest first, with the time at which they came. */
  readonly #networks = new Map<string, Map<Socket, number>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** `network`: whose it is, as for `Handshake`. */
  add(socket: Socket, network: string): void {
    const own = this.#networks.get(network)
    if (own) own.set(socket, this.#now())
    else this.#networks.set(network, new Map([[socket, this.#now()]]))
  }

  delete(socket: Socket, network: string): void {
    const own = this.#networks.get(network)
    if (own?.delete(socket) && own.size === 0) this.#networks.delete(network)
  }

  /** Whose connection gives way to a new one: the oldest of the network that has the most. undefined: all have been logging in just now. */
  dispensable(): Socket | undefined {
    const most = largest(this.#networks)
    const oldest = most?.keys().next().value
    if (!most || !oldest) return undefined
    if (most.size > 1) return oldest
    // One connection each: whoever has taken his time.
    for (const own of this.#networks.values()) {
      for (const [socket, since] of own) if (this.#now() - since > PATIENCE_MS) return socket
    }
    return undefined
  }
}
