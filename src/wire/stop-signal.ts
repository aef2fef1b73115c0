/**
 * Tells those who listen that it is time to end.
 *
 * What an `AbortSignal` does, for thousands of connections that come and go: each costs an entry of a set.
 */
export class StopSignal {
  readonly #listeners = new Set<() => void>()
  #isStopped = false

  /** Calls `listener` once, when it is time to end: at once when it was before. It must not throw. */
  add(listener: () => void): void {
    if (this.#isStopped) listener()
    else this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener)
  }

  /** It is time to end. */
  stop(): void {
    this.#isStopped = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }
}
