/**
 * The parts of the server that could be processes of their own (`design.md` §2), as they see each other.
 *
 * | Role | Interface | In this process |
 * |---|---|---|
 * | supervisor | – | `supervisor.ts` |
 * | front | `FrontRole` | `imap-front.ts` |
 * | auth | `AuthRole` of `src/auth/auth-role.ts`: `Authenticator` for the front, `TicketOffice` for the mail role | `start-auth.ts` |
 * | mail | `MailRole` | `mail-role.ts` |
 *
 * Nothing but these interfaces crosses from one to another, so the same code runs in one process or in several.
 */
import type {Account} from '../auth/account.js'
import type {Endpoint} from '../config/port-list.js'
import type {Mailstore} from '../maildir/types.js'
import type {Peer} from '../net/peer.js'

/** Opens the mail of accounts for sessions. */
export interface MailRole {
  /**
   * The account's mail; the session gives it back with `release`.
   *
   * @throws {Fault} when this process may not or cannot serve it
   */
  open(account: Account, client: Peer): Promise<Mailstore>
}

/** Accepts connections and serves what comes before the login. */
export interface FrontRole {
  /** Opens all ports or none. @throws {Fault} `bad-configuration` */
  open(): Promise<void>
  /** Serves the connections: they wait until then. */
  begin(): void
  /** The open ports by service. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>
  /** Closes the ports, tells the sessions, and cuts those that have not ended after `limitMs`. */
  stop(limitMs: number): Promise<void>
}
