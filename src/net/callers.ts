/** The connections that have not logged in yet: the first to go when there is no place for others. */
import type {Socket} from 'node:net'
import {LinkedList, type Place} from '../support/linked-list.js'
import {largest} from './handshakes.js'

/** A single one of a network may take this long before it gives way. */
const PATIENCE_MS = 5_000

/** One who may log in. */
interface Waiting {
  readonly socket: Socket
  readonly since: number
}

export class Callers {
  readonly #now: () => number
  /** By network, the oldest first. */
  readonly #networks = new Map<string, LinkedList<Waiting>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** `network`: whose it is, as for `Handshake`. */
  add(socket: Socket, network: string): Place {
    const found = this.#networks.get(network)
    const own = found ?? new LinkedList<Waiting>()
    if (!found) this.#networks.set(network, own)
    return own.add({socket, since: this.#now()})
  }

  delete(place: Place, network: string): void {
    if (place.leave() && this.#networks.get(network)?.size === 0) this.#networks.delete(network)
  }

  /** Whose connection gives way to a new one: the oldest of the network that has the most. undefined: all have been logging in just now. */
  dispensable(): Socket | undefined {
    const most = largest(this.#networks)
    if (!most) return undefined
    if (most.size > 1) return most.first?.socket
    // One connection each: whoever has taken his time.
    for (const own of this.#networks.values()) {
      for (const {socket, since} of own) if (this.#now() - since > PATIENCE_MS) return socket
    }
    return undefined
  }
}
