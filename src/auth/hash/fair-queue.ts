/** What waits, one line for each source: taken in turns, so that a source with many items does not delay the others. */
export class FairQueue<T> {
  readonly #lines = new Map<string, T[]>()
  readonly #limits: FairQueueLimits
  #size = 0

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Adds an item; false when there is no room for it. */
  push(source: string, item: T): boolean {
    const line = this.#lines.get(source) ?? []
    if (this.#size >= this.#limits.items || line.length >= this.#limits.itemsOfSource) return false
    line.push(item)
    this.#lines.set(source, line)
    this.#size += 1
    return true
  }

  /** The first item of the source whose turn it is. */
  take(): T | undefined {
    for (const [source, line] of this.#lines) {
      const item = line.shift()
      // To the end of the round.
      this.#lines.delete(source)
      if (line.length > 0) this.#lines.set(source, line)
      this.#size -= 1
      return item
    }
    return undefined
  }
}

export interface FairQueueLimits {
  readonly items: number
  readonly itemsOfSource: number
}
