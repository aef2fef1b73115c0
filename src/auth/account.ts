import type {Secret} from '../log/secret.js'

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

/** The auth role as the front sees it. It never says who the user is. */
export interface Authenticator {
  check(request: PasswordCheck): Promise<CheckResult>
}

/** The auth role as the mail role sees it. */
export interface TicketOffice {
  /** The account that the ticket was issued for; undefined when it is unknown, used or older than 10 s. */
  redeem(ticket: Ticket): Promise<Account | undefined>
}
