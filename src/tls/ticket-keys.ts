export interface TicketKeysOptions {
  readonly random: (octets: number) => Buffer
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
}

const OCTETS = 48
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * The keys of session tickets, others every day: who steals them can read what was resumed with TLS 1.2 on that day, and no more.
 *
 * Node takes one key, so that sessions of the day before are not resumed: their clients do a whole handshake, once.
 */
export class TicketKeys {
  readonly #options: TicketKeysOptions
  #keys: string
  #madeMs: number

  constructor(options: TicketKeysOptions) {
    this.#options = options
    this.#keys = this.#make()
    this.#madeMs = options.now()
  }

  #make(): string {
    return this.#options.random(OCTETS).toString('base64')
  }

  /** Those of the moment, base64. */
  get current(): string {
    const now = this.#options.now()
    if (now - this.#madeMs >= DAY_MS) {
      this.#keys = this.#make()
      this.#madeMs = now
    }
    return this.#keys
  }
}
