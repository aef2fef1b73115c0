/** When a process that has ended is started again: at once, and later and later when it does not live long. */
const LONG_LIFE_MS = 5_000
const FIRST_MS = 100
const MAX_MS = 5_000

export class Restarts {
  readonly #now: () => number
  #beganMs = 0
  #waitMs = 0

  constructor(now: () => number) {
    this.#now = now
  }

  began(): void {
    this.#beganMs = this.#now()
  }

  /** How long to wait after an end that comes now. */
  waitMs(): number {
    const short = this.#now() - this.#beganMs < LONG_LIFE_MS
    const waitMs = short ? this.#waitMs : 0
    this.#waitMs = short ? Math.min(MAX_MS, Math.max(FIRST_MS, this.#waitMs * 2)) : 0
    return waitMs
  }
}
