/** How many connections a service takes, in all and from one address (`spec/server-config-tls.md` §1.3, §1.5). */
import type {Log} from '../log/log.js'
import {networkBlock} from '../support/ip-address.js'

export interface ConnectionLimits {
  /** `MAXDAEMONS`. */
  readonly total: number
  /** `MAXPERIP`. */
  readonly perAddress: number
  /** `-maxperc`: from addresses that are equal in all but the last octet. */
  readonly perBlock?: number | undefined
  /** `-warn`: so many are worth a line in the log. */
  readonly warnFrom?: number | undefined
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
  readonly #perBlock = new Map<string, number>()
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
    if ((this.#perAddress.get(ip) ?? 0) >= limits.perAddress) {
      this.#log.error('net.address-limit', {ip})
      return 'too-many-from-address'
    }
    // Courier: closes without a line in the log.
    if (limits.perBlock !== undefined && (this.#perBlock.get(networkBlock(ip)) ?? 0) >= limits.perBlock) return 'too-many-from-address'
    change(this.#perAddress, ip, 1)
    change(this.#perBlock, networkBlock(ip), 1)
    this.#total += 1
    this.#tell(limits)
    return undefined
  }

  leave(ip: string): void {
    change(this.#perAddress, ip, -1)
    change(this.#perBlock, networkBlock(ip), -1)
    this.#total -= 1
  }

  get total(): number {
    return this.#total
  }

  #tell({total, warnFrom}: ConnectionLimits): void {
    // Courier warns from maxprocs − (maxprocs/10 + 1) on.
    const usual = total - (Math.floor(total / 10) + 1)
    const warn = warnFrom !== undefined && warnFrom >= 0 && warnFrom <= total ? warnFrom : usual
    if (this.#total >= total) this.#logOnce('full', () => this.#log.error('net.connection-limit', {count: total}))
    else if (this.#total >= warn) this.#logOnce('warned', () => this.#log.warning('net.many-connections', {count: this.#total}))
  }

  #logOnce(kind: 'full' | 'warned', act: () => void): void {
    if (this.#now() - this.#loggedAt[kind] < QUIET_MS) return
    this.#loggedAt[kind] = this.#now()
    act()
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
