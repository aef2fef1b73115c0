import type {Secret} from '../../log/secret.js'

/** What a bearer token says. */
export type TokenResult =
  | {readonly outcome: 'valid' /** Login name, as the token has it. */; readonly user: string}
  /** The reason is for the log. */
  | {readonly outcome: 'invalid'; readonly reason: string}
  /** It cannot be told now. */
  | {readonly outcome: 'unavailable'; readonly reason: string}

/** Finds out whose token it is. */
export interface TokenVerifier {
  verify(token: Secret): Promise<TokenResult>
  /** What clients that have no valid token are told, to get one (RFC 7628 §3.2.2). */
  readonly hint: TokenHint
  close(): Promise<void>
}

export interface TokenHint {
  readonly scope: string | undefined
  /** Address of the OpenID configuration. */
  readonly discovery: string | undefined
}

/** A token whose claims are known, and not yet judged. */
export type ClaimsResult =
  | {readonly outcome: 'claims'; readonly claims: Claims}
  | {readonly outcome: 'invalid'; readonly reason: string}
  | {readonly outcome: 'unavailable'; readonly reason: string}

export type Claims = Readonly<Record<string, unknown>>
