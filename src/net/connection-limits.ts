/** How many connections a service takes, in all and from one address (`spec/server-config-tls.md` §1.3, §1.5). */
import type {Log} from '../log/log.js'

export interface ConnectionLimits {
  /** `MAXDAEMONS`. */
  readonly total: number
  /** `MAXPERIP`. */
  readonly perAddress: number
}

/** Why a connection is not taken. */
export type Refusal = 'too-many' | 'too-many-from-address'

/** Each of these lines is logged at most once in this time. */
const QUIET_MS = 60_000

export interface ConnectionCounterOptions {
  readonly log: Log
  readonly now: () => number
}

/** Counts the live connections of one service. */
export class ConnectionCounter {
  readonly #perAddress = new Map<string, number>()
  readonly #log: Log
  readonly #now: () => number
  readonly #loggedAt = {full: -Infinity, warned: -Infinity}
  #total = 0

  constructor({log, now}: ConnectionCounterOptions) {
    this.#log = log
    this.#now = now
  }

  /** Takes a place for a connection, or says why there is none. */
  enter(ip: string, limits: ConnectionLimits): Refusal | undefined {
    if (this.#total >= limits.total) {
      this.#logOnce('full', () => this.#log.error('net.connection-limit', {count: limits.total}))
      return 'too-many'
    }
    const here = this.#perAddress.get(ip) ?? 0
    if (here >= limits.perAddress) {
      this.#log.error('net.address-limit', {ip})
      return 'too-many-from-address'
    }
    this.#perAddress.set(ip, here + 1)
    this.#total += 1
    // Courier warns from maxprocs − (maxprocs/10 + 1) on.
    const warnFrom = limits.total - (Math.floor(limits.total / 10) + 1)
    if (this.#total >= limits.total) this.#logOnce('full', () => this.#log.error('net.connection-limit', {count: limits.total}))
    else if (this.#total >= warnFrom) this.#logOnce('warned', () => this.#log.warning('net.many-connections', {count: this.#total}))
    return undefined
  }

  leave(ip: string): void {
    const here = (this.#perAddress.get(ip) ?? 0) - 1
    if (here > 0) this.#perAddress.set(ip, here)
    else this.#perAddress.delete(ip)
    this.#total -= 1
  }

  get total(): number {
    return this.#total
  }

  #logOnce(kind: 'full' | 'warned', act: () => void): void {
    if (this.#now() - this.#loggedAt[kind] < QUIET_MS) return
    this.#loggedAt[kind] = this.#now()
    act()
  }
}
