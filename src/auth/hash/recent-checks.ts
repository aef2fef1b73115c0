import {createHmac, createSecretKey, type KeyObject} from 'node:crypto'

export interface RecentChecksOptions {
  /** Checks that are remembered. */
  readonly limit: number
  readonly lifeMs: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** That many unpredictable octets. */
  readonly random: (octets: number) => Buffer
}

const KEY_OCTETS = 32

/**
 * Passwords that were right a short time ago: clients open many connections, and each would cost a hash.
 *
 * Remembered is a MAC over stored hash and password, by a key that only this object has. The stored hash is read from its source at
 * every login, so a check is forgotten with the record: who has another password, or none, is not let in by what was once right.
 * Wrong passwords are never remembered.
 */
export class RecentChecks {
  readonly #options: RecentChecksOptions
  /** Made when it is first needed: a tool that only looks accounts up starts sooner. */
  #key: KeyObject | undefined
  /** MAC → end of its life, the oldest first. */
  readonly #right = new Map<string, number>()

  constructor(options: RecentChecksOptions) {
    this.#options = options
  }

  /** Whether that password was found to be the one behind that stored hash. */
  knows(stored: string, password: string): boolean {
    const until = this.#right.get(this.#mac(stored, password))
    return until !== undefined && until > this.#options.now()
  }

  remember(stored: string, password: string): void {
    const {limit, lifeMs, now} = this.#options
    const mac = this.#mac(stored, password)
    this.#right.delete(mac)
    this.#right.set(mac, now() + lifeMs)
    for (const [oldest, until] of this.#right) {
      if (this.#right.size <= limit && until > now()) return
      this.#right.delete(oldest)
    }
  }

  #mac(stored: string, password: string): string {
    this.#key ??= createSecretKey(this.#options.random(KEY_OCTETS))
    return createHmac('sha256', this.#key).update(`${stored.length}:${stored}${password}`, 'latin1').digest('base64')
  }
}
