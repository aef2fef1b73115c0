/** Octets that the columns of all folders of a process may take, roughly. */
const LIMIT_OCTETS = 64 * 1024 * 1024

/** Who keeps columns in memory: the longest unused go first. One for each process. */
export class ColumnBudget {
  readonly #limit: number
  readonly #kept = new Map<object, {readonly octets: number; readonly drop: () => void}>()
  #octets = 0

  constructor(limitOctets: number = LIMIT_OCTETS) {
    this.#limit = limitOctets
  }

  /** What an owner holds now; `drop` is called when its place is needed. False: it is too much, and must not be kept. */
  keep(owner: object, octets: number, drop: () => void): boolean {
    this.release(owner)
    if (octets > this.#limit) return false
    this.#kept.set(owner, {octets, drop})
    this.#octets += octets
    for (const [oldest, entry] of this.#kept) {
      if (this.#octets <= this.#limit) break
      this.release(oldest)
      entry.drop()
    }
    return true
  }

  /** The owner's columns are in use again: others go before them. */
  use(owner: object): void {
    const entry = this.#kept.get(owner)
    if (!entry) return
    this.#kept.delete(owner)
    this.#kept.set(owner, entry)
  }

  /** The owner holds nothing any more. */
  release(owner: object): void {
    this.#octets -= this.#kept.get(owner)?.octets ?? 0
    this.#kept.delete(owner)
  }
}
