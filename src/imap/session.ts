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
  /** `ENABLE UTF8=ACCEPT` was given (RFC 6855). */
  readonly utf8: boolean
  /** Keywords that the client was told of last (`updates.ts`). */
  announcedKeywords: readonly string[]
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
