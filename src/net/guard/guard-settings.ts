/** How failed logins are slowed down. Plain data. */
export interface GuardSettings {
  /** `LOGIN_DELAY_AFTER`: failed logins of one address, or to one account, that cost nothing; 0: none are slowed down. */
  readonly delayAfter: number
  /** `LOGIN_DELAY_MAX` */
  readonly maxDelayMs: number
  /** `BAN_AFTER`: failed logins of one address that ban it; 0: none is banned. */
  readonly banAfter: number
  /** `BAN_MINUTES` */
  readonly banMs: number
  /** `BAN_EXEMPT_NETWORKS`: addresses that are neither slowed down nor banned for themselves. */
  readonly exempt: readonly string[]
  /** Where bans and counts are kept; undefined: nowhere. */
  readonly stateDirectory: string | undefined
}
