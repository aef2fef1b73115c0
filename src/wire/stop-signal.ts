import {LinkedList, type Place} from '../support/linked-list.js'

/**
 * Tells those who listen that it is time to end.
 *
 * What an `AbortSignal` does, for thousands of connections that come and go: each costs an entry of a list.
 */
export class StopSignal {
  readonly #listeners = new LinkedList<() => void>()
  #isStopped = false

  /** Calls `listener` once, when it is time to end, unless it has left its place: at once when it was before. It must not throw. */
  add(listener: () => void): Place {
    const place = this.#listeners.add(listener)
    if (this.#isStopped) this.#tell()
    return place
  }

  /** It is time to end. */
  stop(): void {
    this.#isStopped = true
    this.#tell()
  }

  #tell(): void {
    for (let listener = this.#listeners.shift(); listener; listener = this.#listeners.shift()) listener()
  }
}
