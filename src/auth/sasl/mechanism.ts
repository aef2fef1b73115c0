import type {CheckResult} from '../account.js'
import type {Credentials} from '../credentials.js'

/** Why an exchange ended without credentials. */
export type SaslFailure =
  /** The client sent `*`. */
  | 'cancelled'
  /** Not base64. */
  | 'bad-encoding'
  /** The message does not have the mechanism's form. */
  | 'bad-message'
  /** A well-formed name or password that no account can have: the same to the client as a wrong password. */
  | 'refused'
  /** The mechanism is for encrypted connections only, and this one is not. */
  | 'needs-encryption'

/** What a mechanism wants next: octets on both sides, base64 is done by `sasl/exchange.ts`. */
export type SaslStep =
  | {readonly kind: 'challenge'; readonly challenge: Buffer; readonly answer: (response: Buffer) => SaslStep | Promise<SaslStep>}
  | {readonly kind: 'credentials'; readonly credentials: Credentials}
  /** The auth role has checked it. */
  | {readonly kind: 'checked'; readonly result: CheckResult}
  | {readonly kind: 'failed'; readonly reason: SaslFailure}

/** A SASL mechanism as the server plays it: no state of its own, each challenge carries what comes next. */
export interface SaslMechanism {
  /** `initial`: the initial response, undefined when the client sent none (RFC 4959 tells it from an empty one). */
  start(initial?: Buffer): SaslStep | Promise<SaslStep>
}
