import type {Account} from '../auth/account.js'
import type {Log} from '../log/log.js'
import type {Mailstore, View} from '../maildir/types.js'
import type {ReplyWriter} from './replies/reply-writer.js'
import type {ImapSettings} from './settings.js'

/** What every verb of a session can use. */
export interface Session {
  readonly out: ReplyWriter
  readonly settings: ImapSettings
  /** Octets that FETCH sent, for the log: `headers` and `body` as `spec/imap.md` §22 counts them (without added CRs). */
  readonly counters: {headers: number; body: number}
  readonly log: Log
  /** The time, milliseconds since 1970. */
  readonly now: () => number
  /** Aborted when the connection is gone or has to end: long work looks at it (`signal.throwIfAborted()`). */
  readonly signal: AbortSignal
  readonly client: ClientFacts
  /** `ENABLE UTF8=ACCEPT` was given (RFC 6855). */
  readonly utf8: boolean
  enableUtf8(): void
  /** Keywords that the client was told of last (`updates.ts`). */
  announcedKeywords: readonly string[]
  /** The selected mailbox. */
  readonly view: View | undefined
  /** Closes the selected mailbox, if there is one, and makes this one the selected one. */
  select(view: View | undefined): void
  /** The words of CAPABILITY as they are now. */
  capability(): string
  /** The client's next line, without its line end; undefined when there is none. @throws {Hangup} */
  readLine(options: {readonly withinMs: number}): Promise<Buffer | undefined>
}

/** Who is on the other side, as logs name it. */
export interface ClientFacts {
  readonly ip: string
  readonly port: number
  /** Login name, from the login on. */
  readonly user?: string
}

/** What the state `any` offers. */
export interface AnyContext {
  readonly session: Session
}

/** What the state `authenticated` offers. */
export interface AuthenticatedContext extends AnyContext {
  readonly account: Account
  readonly store: Mailstore
}

/** What the state `selected` offers. */
export interface SelectedContext extends AuthenticatedContext {
  readonly view: View
}
