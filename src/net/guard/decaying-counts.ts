/** Counts that fade: what happened a half-life ago counts half. Of so many keys, the ones that were counted last. */
export interface DecayingCountsOptions {
  readonly halfLifeMs: number
  readonly maxKeys: number
}

/** A count as it is kept: how much at which time. */
export type KeptCount = readonly [key: string, count: number, atMs: number]

/** Less is nothing. */
const LEAST = 0.05

export class DecayingCounts {
  readonly #options: DecayingCountsOptions
  /** The key that was counted last is the last one. */
  readonly #counts = new Map<string, {readonly count: number; readonly atMs: number}>()

  constructor(options: DecayingCountsOptions) {
    this.#options = options
  }

  /** Nothing was counted, or all of it is forgotten. */
  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  get(key: string, nowMs: number): number {
    const found = this.#counts.get(key)
    if (!found) return 0
    const count = found.count * 2 ** (-Math.max(0, nowMs - found.atMs) / this.#options.halfLifeMs)
    return count < LEAST ? 0 : count
  }

  /** One more; answers with how many there are now. */
  add(key: string, nowMs: number): number {
    const count = this.get(key, nowMs) + 1
    this.#put(key, {count, atMs: nowMs})
    return count
  }

  delete(key: string): void {
    this.#counts.delete(key)
  }

  /** What still counts. */
  kept(nowMs: number): KeptCount[] {
    return [...this.#counts].map(([key, {count, atMs}]) => [key, count, atMs] as const).filter(([key]) => this.get(key, nowMs) > 0)
  }

  restore(kept: Iterable<KeptCount>): void {
    for (const [key, count, atMs] of kept) this.#put(key, {count, atMs})
  }

  #put(key: string, value: {readonly count: number; readonly atMs: number}): void {
    this.#counts.delete(key)
    this.#counts.set(key, value)
    if (this.#counts.size > this.#options.maxKeys) this.#counts.delete(this.#counts.keys().next().value ?? '')
  }
}
