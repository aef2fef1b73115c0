import {userNameOf} from '../credentials.js'
import type {Claims, TokenResult} from './token-verifier.js'

/** What the administrator demands of tokens. */
export interface ClaimRules {
  /** OAUTH_ISSUER. */
  readonly issuer: string | undefined
  /** OAUTH_AUDIENCE. */
  readonly audience: string | undefined
  /** OAUTH_SCOPE: every one of these words. */
  readonly scope: string | undefined
  /** OAUTH_USER_CLAIM: the claim with the login name. */
  readonly userClaim: string
}

export interface ClaimOptions {
  readonly nowSeconds: number
  /** The token itself carries its claims: `exp`, and `iss` when one is demanded, must be among them. */
  readonly selfContained: boolean
}

/** Clocks of other hosts may differ that much (RFC 7519 §4.1.4 allows for it). */
const LEEWAY_SECONDS = 30

/** Whose token it is, if it is good now, for this server, and has a name (RFC 7519 §4.1, RFC 7662 §2.2). */
export function judgeClaims(claims: Claims, rules: ClaimRules, {nowSeconds, selfContained}: ClaimOptions): TokenResult {
  const reason =
    timeProblem(claims, {nowSeconds, selfContained}) ??
    issuerProblem(claims, rules, selfContained) ??
    audienceProblem(claims, rules) ??
    scopeProblem(claims, rules)
  return reason === undefined ? userOf(claims, rules) : {outcome: 'invalid', reason}
}

function timeProblem({exp, nbf, iat}: Claims, {nowSeconds, selfContained}: ClaimOptions): string | undefined {
  if (exp === undefined ? selfContained : typeof exp !== 'number') return 'The token does not say when it ends'
  if (typeof exp === 'number' && !(nowSeconds < exp + LEEWAY_SECONDS)) return 'The token has ended'
  for (const begin of [nbf, iat]) {
    if (begin !== undefined && typeof begin !== 'number') return 'The token has a time that is no number'
  }
  if (typeof nbf === 'number' && !(nowSeconds >= nbf - LEEWAY_SECONDS)) return 'The token is not yet good'
  return undefined
}

function issuerProblem({iss}: Claims, {issuer}: ClaimRules, selfContained: boolean): string | undefined {
  if (issuer === undefined || iss === issuer) return undefined
  return iss === undefined && !selfContained ? undefined : 'The token is from another issuer'
}

function audienceProblem({aud}: Claims, {audience}: ClaimRules): string | undefined {
  if (audience === undefined || aud === audience) return undefined
  return Array.isArray(aud) && aud.includes(audience) ? undefined : 'The token is for another audience'
}

function scopeProblem({scope, scp}: Claims, rules: ClaimRules): string | undefined {
  const has = new Set([scope, scp].flatMap(wordsOf))
  const missing = wordsOf(rules.scope).filter((word) => !has.has(word))
  return missing.length === 0 ? undefined : `The token lacks the scope "${missing.join(' ')}"`
}

function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((word) => typeof word === 'string')
  return typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : []
}

function userOf(claims: Claims, {userClaim}: ClaimRules): TokenResult {
  const {email_verified: verified} = claims
  const value = Object.hasOwn(claims, userClaim) ? claims[userClaim] : undefined
  const user = typeof value === 'string' ? userNameOf(Buffer.from(value)) : undefined
  if (user === undefined) return {outcome: 'invalid', reason: `The token has no "${userClaim}"`}
  // Anybody could claim the address of somebody else (OpenID Connect Core §5.1). Some servers write "true" as text.
  if (userClaim === 'email' && verified !== undefined && verified !== true && verified !== 'true')
    return {outcome: 'invalid', reason: 'The address in the token is not verified'}
  return {outcome: 'valid', user}
}
