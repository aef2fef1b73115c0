/** Sessions as those who look after the server see them, whatever their protocol is. */
import type {Place} from '../support/linked-list.js'

/** What a session says of itself when somebody asks. */
export interface SessionFacts {
  /** As the log writes it. */
  readonly protocol: string
  /** Login name in full. */
  readonly user: string
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
  /** The selected mailbox, where the protocol has such. */
  readonly folder: string | undefined
  /** The command that runs now. */
  readonly command: string | undefined
  /** When the session logged in, milliseconds since 1970. */
  readonly beganMs: number
  /** When the last command came or was answered, milliseconds since 1970. */
  readonly activeMs: number
  /** Octets since the login, without those of TLS. */
  readonly received: number
  readonly sent: number
}

/** Takes a line of a protocol trace: secrets and long contents are left out already. */
export type TraceLine = (from: 'client' | 'server', text: string) => void

export interface TraceOptions {
  /** Shows literals and bodies whole. Passwords are never shown. */
  readonly contents: boolean
}

/** A session between its login and its end. */
export interface LiveSession {
  /** As in its facts: for who looks for some of many. */
  readonly protocol: string
  readonly user: string
  /** Made up on demand: a session keeps nothing for it. */
  facts(): SessionFacts
  /** Ends it with a word to the client; one that does not listen is cut after a moment. */
  kick(): void
  /** Tells what goes over the wire from now on; undefined ends that. */
  trace(line: TraceLine | undefined, options?: TraceOptions): void
}

/** Where sessions are listed while they live. */
export interface SessionBook {
  /** Lists it until it leaves its place. */
  join(session: LiveSession): Place
}

/** Sees the octets of a connection as they come and go. Must not throw, nor keep the Buffers. */
export interface WireTap {
  received(bytes: Buffer): void
  sent(bytes: Buffer): void
}
