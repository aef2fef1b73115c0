/** How a connection goes from the role before the login to the one after it (`design.md` §2): the same for every protocol. */
import type {Channel} from './channel.js'

/** One end of a connection, as logs show it. */
export interface ConnectionEnd {
  readonly ip: string
  readonly port: number
}

/** What the session after the login has to know of the connection: plain data, so that it can cross to another process. */
export interface HandOver {
  /** The claim on the account. Who holds it does not know whose it is. */
  readonly ticket: string
  /** Tag of the command whose answer the session gives; empty in protocols without tags. */
  readonly tag: string
  /** Since that command began, milliseconds: failures are told at fixed times after it. */
  readonly elapsedMs: number
  /** The client's connection is encrypted, whatever the stream is. */
  readonly encrypted: boolean
  readonly remote: ConnectionEnd
}

/** A connection that has been handed over. */
export interface HandedOver extends HandOver {
  /** Nobody else reads or writes it any more; it holds what the client has sent after that command. */
  readonly channel: Channel
}
