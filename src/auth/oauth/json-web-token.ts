import {type KeyObject, verify} from 'node:crypto'
import type {TokenKey} from './key-file.js'
import type {Claims, ClaimsResult} from './token-verifier.js'

/** Signatures that are understood, each with the only kind of key that it may be checked with (RFC 7518 §3.1, RFC 8037 §3.1). */
const ALGORITHMS: ReadonlyMap<string, (key: KeyObject, signed: Buffer, signature: Buffer) => boolean> = new Map([
  [
    'RS256',
    (key: KeyObject, signed: Buffer, signature: Buffer) => key.asymmetricKeyType === 'rsa' && verify('sha256', signed, key, signature),
  ],
  [
    'ES256',
    (key: KeyObject, signed: Buffer, signature: Buffer) =>
      key.asymmetricKeyType === 'ec' && verify('sha256', signed, {key, dsaEncoding: 'ieee-p1363'}, signature),
  ],
  [
    'EdDSA',
    (key: KeyObject, signed: Buffer, signature: Buffer) => key.asymmetricKeyType === 'ed25519' && verify(null, signed, key, signature),
  ],
])

const TYPES = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])
const PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

const invalid = (reason: string): ClaimsResult => ({outcome: 'invalid', reason})

/** Whether the text has the form of a signed token (RFC 7515 §7.1). */
export function looksLikeJwt(token: string): boolean {
  return PARTS.test(token)
}

/**
 * The claims of a signed token (RFC 7519 §7.2) whose signature is by one of the keys. Only signatures with public keys count:
 * neither "none" nor HMAC, so a public key is never taken for a shared secret (RFC 8725 §3.1).
 */
export function readJwt(token: string, keys: readonly TokenKey[]): ClaimsResult {
  const [, head = '', body = '', tail = ''] = PARTS.exec(token) ?? []
  const header = jsonObject(head)
  if (!header) return invalid('The token is not a JSON Web Token')
  const {alg, kid, typ, crit} = header
  const check = typeof alg === 'string' ? ALGORITHMS.get(alg) : undefined
  if (!check) return invalid('The token is signed with an algorithm that is not accepted')
  if (crit !== undefined) return invalid('The token demands an extension that is not known')
  if (typ !== undefined && (typeof typ !== 'string' || !TYPES.has(typ.toLowerCase()))) return invalid('The token is of another type')
  const signed = Buffer.from(`${head}.${body}`)
  const signature = Buffer.from(tail, 'base64url')
  const candidates = keys.filter(({id, algorithm}) => {
    return (algorithm === undefined || algorithm === alg) && (kid === undefined || id === undefined || id === kid)
  })
  if (!candidates.some(({key}) => check(key, signed, signature))) return invalid('The token is not signed with a key that is known')
  const claims = jsonObject(body)
  return claims ? {outcome: 'claims', claims} : invalid('The token has no claims')
}

function jsonObject(encoded: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}
