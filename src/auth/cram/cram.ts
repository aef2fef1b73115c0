import {userNameOf} from '../credentials.js'
import type {HmacDigest} from '../hmac/context.js'
import {hmacContext} from '../hmac/context.js'
import {digestOctets, hmacFromContext, isHmacContext, sameDigest} from '../hmac/resume.js'

/** CRAM with one digest (RFC 2195 for MD5; the others are Courier's, `spec/auth.md` §9.2). */
export interface CramMethod {
  /** SASL mechanism. */
  readonly mechanism: 'CRAM-MD5' | 'CRAM-SHA1' | 'CRAM-SHA256'
  /** Name in the authdaemon protocol. */
  readonly method: 'cram-md5' | 'cram-sha1' | 'cram-sha256'
  readonly digest: HmacDigest
  /** Field with the stored context. */
  readonly field: 'hmac-md5pw' | 'hmac-sha1pw' | 'hmac-sha256pw'
}

/** The strongest first. */
export const cramMethods: readonly CramMethod[] = [
  {mechanism: 'CRAM-SHA256', method: 'cram-sha256', digest: 'sha256', field: 'hmac-sha256pw'},
  {mechanism: 'CRAM-SHA1', method: 'cram-sha1', digest: 'sha1', field: 'hmac-sha1pw'},
  {mechanism: 'CRAM-MD5', method: 'cram-md5', digest: 'md5', field: 'hmac-md5pw'},
]

/** What a client answered to a challenge. */
export interface CramResponse {
  readonly user: Buffer
  readonly digest: Buffer
}

const SPACE = 0x20

/** `user SP hexdigest`, split at the last space; undefined when it is not that (`spec/auth.md` §9.3). */
export function readCramResponse({digest}: CramMethod, message: Buffer): CramResponse | undefined {
  const space = message.lastIndexOf(SPACE)
  if (space < 0) return undefined
  const hex = message.toString('latin1', space + 1)
  if (hex.length !== digestOctets(digest) * 2 || !/^[0-9a-fA-F]*$/.test(hex)) return undefined
  return {user: message.subarray(0, space), digest: Buffer.from(hex, 'hex')}
}

/** As whom a client wants to log in that answers a mechanism's challenge; undefined when it does not say, or the mechanism is no CRAM. */
export function cramUserOf(mechanism: string, message: Buffer): string | undefined {
  const method = cramMethods.find((each) => each.mechanism === mechanism)
  const response = method && readCramResponse(method, message)
  return response && userNameOf(response.user)
}

/** The response in the form that the client gave it, for another name. */
export function formatCramResponse({user, digest}: CramResponse): Buffer {
  return Buffer.concat([user, Buffer.from(` ${digest.toString('hex')}`)])
}

/** What an account source has: octets, one character for each. An empty password in clear counts as none. */
export interface CramSecrets {
  readonly context: string | undefined
  readonly clearPassword: string | undefined
}

/**
 * Whether the digest is the right answer to the challenge. The same work is done when there is no secret, so that time does
 * not tell accounts without one.
 */
export function cramMatches(
  {digest}: CramMethod,
  {challenge, given}: {readonly challenge: Buffer; readonly given: Buffer},
  secrets: CramSecrets | undefined,
): boolean {
  const context = contextOf(digest, secrets)
  const right = hmacFromContext(digest, context ?? '00'.repeat(digestOctets(digest) * 2), challenge)
  return sameDigest(right, given) && context !== undefined
}

function contextOf(digest: HmacDigest, secrets: CramSecrets | undefined): string | undefined {
  if (secrets?.context !== undefined && isHmacContext(digest, secrets.context)) return secrets.context
  const clear = secrets?.clearPassword
  return clear ? hmacContext(digest, Buffer.from(clear, 'latin1')) : undefined
}
