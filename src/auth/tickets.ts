import type {Account, Ticket} from './account.js'

/** Who issues tickets for an auth role, and knows what they are good for. */
export interface Tickets {
  issue(account: Account): Ticket | Promise<Ticket>
  redeem(ticket: Ticket): Account | undefined
}

const LIFE_MS = 10_000
const TICKET_OCTETS = 16
/** Tickets whose octets are drawn at once: that costs hardly more than for one. */
const DRAWN_TICKETS = 64

export interface TicketOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** That many unpredictable octets. */
  readonly random: (octets: number) => Buffer
}

/** Tickets that have been issued and not yet redeemed: 128 random bits, single use, 10 s (`design.md` §2). */
export class TicketBook implements Tickets {
  readonly #options: TicketOptions
  /** In the order of their issue, so the oldest come first. */
  readonly #open = new Map<Ticket, {readonly account: Account; readonly until: number}>()

  /** Of the next tickets. */
  #drawn: Buffer = Buffer.alloc(0)

  constructor(options: TicketOptions) {
    this.#options = options
  }

  issue(account: Account): Ticket {
    this.#forgetOld()
    if (this.#drawn.length === 0) this.#drawn = this.#options.random(DRAWN_TICKETS * TICKET_OCTETS)
    const ticket = this.#drawn.toString('base64url', 0, TICKET_OCTETS)
    this.#drawn = this.#drawn.subarray(TICKET_OCTETS)
    this.#open.set(ticket, {account, until: this.#options.now() + LIFE_MS})
    return ticket
  }

  redeem(ticket: Ticket): Account | undefined {
    this.#forgetOld()
    const entry = this.#open.get(ticket)
    this.#open.delete(ticket)
    return entry?.account
  }

  #forgetOld(): void {
    const now = this.#options.now()
    for (const [ticket, {until}] of this.#open) {
      if (until > now) return
      this.#open.delete(ticket)
    }
  }
}
