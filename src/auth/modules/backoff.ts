const FIRST_MS = 100
const LONGEST_MS = 2000

/** When to try a source again that did not answer: at once, and then after pauses that double up to two seconds. */
export class Backoff {
  readonly #now: () => number
  #pauseMs = 0
  #until = Number.NEGATIVE_INFINITY
  #reason = ''

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Why nothing is tried now; undefined when it may be tried. */
  get blocked(): string | undefined {
    return this.#now() < this.#until ? this.#reason : undefined
  }

  failed(reason: string): void {
    // Many that failed together count once.
    if (this.blocked !== undefined) return
    this.#pauseMs = this.#pauseMs === 0 ? FIRST_MS : Math.min(LONGEST_MS, this.#pauseMs * 2)
    this.#until = this.#now() + this.#pauseMs
    this.#reason = reason
  }

  succeeded(): void {
    this.#pauseMs = 0
    this.#until = Number.NEGATIVE_INFINITY
  }
}
