import type {LogService} from './service-log.js'

/** Importance of a log line, in the words of syslog. */
export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'err' | 'crit' | 'alert'

/** Facts of an event: every key has one meaning throughout the program. Add a key here with its meaning when you need one. */
export interface LogFacts {
  /** The part of the server that it is about, by the name that Courier's program has. */
  readonly service?: LogService
  /** Login name. */
  readonly user?: string
  /** Address of the client, as text. */
  readonly ip?: string
  /** Port of the client. */
  readonly port?: number
  /** `IMAP`, `POP3`, … as Courier writes it. */
  readonly protocol?: string
  /** SASL mechanism. */
  readonly method?: string
  /** The connection is encrypted. */
  readonly tls?: boolean
  /** Octets of headers and bodies sent, as Courier counts them. */
  readonly headers?: number
  readonly body?: number
  /** Octets that TOP and RETR took from messages, as Courier's POP3 server counts them. */
  readonly top?: number
  readonly retr?: number
  /** Octets received and sent. */
  readonly rcvd?: number
  readonly sent?: number
  /** Seconds that the session took. */
  readonly seconds?: number
  /** A file or directory. */
  readonly path?: string
  /** What went wrong, for people. */
  readonly reason?: string
  /** A bug's stack or an error to show with it. */
  readonly error?: unknown
  /** Free list of `name=value` pairs (ID). */
  readonly pairs?: readonly (readonly [string, string])[]
  readonly folder?: string
  readonly address?: string
  readonly count?: number
  /** A process of the server, as `ps` shows it. */
  readonly role?: string
}

/** Where events go. The sink renders those that Courier knows as its own lines (`spec/imap.md` §22). */
export interface Log {
  /** `event` is dotted: `imap.login`, `imap.logout`, `maildir.scan-failed`. */
  debug(event: string, facts?: LogFacts): void
  info(event: string, facts?: LogFacts): void
  notice(event: string, facts?: LogFacts): void
  warning(event: string, facts?: LogFacts): void
  error(event: string, facts?: LogFacts): void
}
