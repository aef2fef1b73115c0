import type {Secret} from '../log/secret.js'
import type {SaslFailure} from './sasl/mechanism.js'

/** Who a session belongs to, as the authentication module found it (`spec/auth.md` §24). */
export interface Account {
  /** Login name in full, for logs and `AUTHENTICATED`. */
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** Absolute home directory. */
  readonly home: string
  /** Absolute path of the Maildir. */
  readonly maildir: string
  /** Quota string of `maildirsize`, when the account has one. */
  readonly quota: string | undefined
  readonly fullName: string | undefined
  /** The account is this system user's: its sessions have the further groups of that user. */
  readonly systemUser?: string | undefined
  /** Account options, merged with DEFAULTOPTIONS. */
  readonly options: ReadonlyMap<string, string>
}

/** What a front asks the auth role; name and password come from `credentialsOf`. `remote` is the client's address, for fair queueing and logs. */
export interface PasswordCheck {
  /** `imap`, `pop3`, …: `imap` looks for `imappw` before `systempw`. */
  readonly service: string
  readonly user: string
  /** Octets, one character for each. */
  readonly password: Secret
  readonly remote: string
}

/** A single-use claim on an account: 128 random bits as text, good for 10 s (`design.md` §2). */
export type Ticket = string

export type CheckResult =
  | {readonly outcome: 'accepted'; readonly ticket: Ticket}
  /** Wrong password, unknown account, …: all the same to the client. */
  | {readonly outcome: 'refused'}
  /** The account source did not answer: `[UNAVAILABLE]`, never "wrong password". */
  | {readonly outcome: 'unavailable'; readonly reason: string}

/** What the front knows of the connection, for mechanisms that look at it. */
export interface ChannelFacts {
  readonly encrypted: boolean
  /** The field of the verified client certificate that TLS_EXTERNAL names. */
  readonly certificateIdentity: string | undefined
  /** Data for channel binding by its registered name: `tls-exporter` (RFC 9266), `tls-unique`, `tls-server-end-point` (RFC 5929). */
  readonly bindings: ReadonlyMap<string, Buffer>
  /** A mechanism with channel binding was announced: who could have used it and did not has been lied to (RFC 5802 §6). */
  readonly bindingAnnounced: boolean
}

/** Begins a SASL exchange that needs what only the auth role knows. */
export interface ExchangeStart {
  readonly service: string
  /** In upper case. */
  readonly mechanism: string
  /** The initial response; undefined when the client sent none. */
  readonly initial: Buffer | undefined
  readonly remote: string
  readonly channel: ChannelFacts
}

/** What comes next in such an exchange: octets on both sides. One that is not gone on with is forgotten. */
export type ExchangeStep =
  | {
      readonly kind: 'challenge'
      readonly challenge: Buffer
      /** As whom the client wants to log in, if it has said so; whether there is such an account it does not tell. */
      readonly user?: string | undefined
      readonly answer: (response: Buffer) => Promise<ExchangeStep>
    }
  | {readonly kind: 'checked'; readonly result: CheckResult}
  | {readonly kind: 'failed'; readonly reason: SaslFailure}

/** The auth role as the front sees it. It never says who the user is. */
export interface Authenticator {
  check(request: PasswordCheck): Promise<CheckResult>
  /** For every mechanism but PLAIN and LOGIN; unknown ones are refused. */
  begin(start: ExchangeStart): Promise<ExchangeStep>
}

/** The auth role as the mail role sees it. */
export interface TicketOffice {
  /** The account that the ticket was issued for; undefined when it is unknown, used or older than 10 s. */
  redeem(ticket: Ticket): Account | undefined | Promise<Account | undefined>
}
