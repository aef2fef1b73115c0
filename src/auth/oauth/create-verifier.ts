import {Fault} from '../../support/fault.js'
import {type ClaimRules, judgeClaims} from './claims.js'
import {Introspection, type IntrospectionSettings} from './introspection.js'
import {looksLikeJwt, readJwt} from './json-web-token.js'
import {KeyFile} from './key-file.js'
import type {ClaimsResult, TokenResult, TokenVerifier} from './token-verifier.js'

/** What authdaemonrc says about tokens. At least one of `keys` and `introspection` is set. */
export interface OAuthSettings extends ClaimRules {
  /** OAUTH_KEYS: file with the public keys of signed tokens. */
  readonly keys: string | undefined
  readonly introspection: IntrospectionSettings | undefined
  /** OAUTH_DISCOVERY. */
  readonly discovery: string | undefined
}

/** Checks signed tokens with the keys, all others, or all without keys, by asking the authorization server. */
export function createTokenVerifier(settings: OAuthSettings, nowSeconds: () => number): TokenVerifier {
  const keys = settings.keys === undefined ? undefined : new KeyFile(settings.keys)
  const introspection = settings.introspection && new Introspection(settings.introspection)

  async function byKeys(token: string, file: KeyFile): Promise<ClaimsResult> {
    try {
      return readJwt(token, await file.keys())
    } catch (error) {
      if (error instanceof Fault) return {outcome: 'unavailable', reason: error.message}
      throw error
    }
  }

  return {
    hint: {scope: settings.scope, discovery: settings.discovery},
    async verify(secret): Promise<TokenResult> {
      const token = secret.reveal()
      const selfContained = keys !== undefined && (looksLikeJwt(token) || introspection === undefined)
      const result = keys && selfContained ? await byKeys(token, keys) : await introspection?.claims(token)
      if (!result) return {outcome: 'invalid', reason: 'No tokens are accepted'}
      return result.outcome === 'claims' ? judgeClaims(result.claims, settings, {nowSeconds: nowSeconds(), selfContained}) : result
    },
    close: async () => introspection?.close(),
  }
}
