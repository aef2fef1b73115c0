/**
 * The parts of the server that can be processes of their own (`design.md` §2), as they see each other.
 *
 * | Role | Interface | In one process | As a process |
 * |---|---|---|---|
 * | supervisor | – | `supervisor.ts` | `processes/supervisor-main.ts` |
 * | front | `FrontRole` | `imap-front.ts` | `processes/front-main.ts` |
 * | auth | `AuthRole` of `src/auth/auth-role.ts` | `start-auth.ts` | `processes/auth-main.ts` |
 * | mail | `MailRole` | `local-mail.ts` | `processes/mail-main.ts` |
 *
 * Nothing but these interfaces crosses from one to another, so the same code runs in one process or in several.
 */
import type {Endpoint} from '../config/port-list.js'
import type {HandedOver} from '../wire/hand-over.js'
import type {StopSignal} from '../wire/stop-signal.js'
import type {ServiceName} from './server-configuration.js'

export interface MailRoleOptions {
  readonly service: ServiceName
  /** Ends the session with a goodbye at the next chance. */
  readonly shutdown: StopSignal
}

/** Serves the sessions after their logins. */
export interface MailRole {
  /** Redeems the connection's ticket, gives the answer to its login, and serves it; resolves when it has ended. Never rejects. */
  serve(connection: HandedOver, options: MailRoleOptions): Promise<void>
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
