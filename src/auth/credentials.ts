import {isUtf8} from 'node:buffer'
import {Secret} from '../log/secret.js'

/** What a client claims, ready for `Authenticator.check`. */
export interface Credentials {
  /** Login name, as text. */
  readonly user: string
  /** The octets of the password, one character for each (latin1): passwords need not be UTF-8. */
  readonly password: Secret
}

/**
 * Name and password as the client sent them, or undefined when no account can have them: control characters in
 * either (`spec/auth.md` §10), a name that is empty or not UTF-8 (RFC 4616 §2).
 *
 * All front ends make their credentials here, so that they treat octets in the same way.
 */
export function credentialsOf(user: Buffer, password: Buffer): Credentials | undefined {
  const name = userNameOf(user)
  if (name === undefined || holdsControls(password)) return undefined
  return {user: name, password: new Secret(password.toString('latin1'))}
}

/** A login name as the client sent it, or undefined when no account can have it. */
export function userNameOf(octets: Buffer): string | undefined {
  return octets.length === 0 || !isUtf8(octets) || holdsControls(octets) ? undefined : octets.toString('utf8')
}

function holdsControls(octets: Buffer): boolean {
  return octets.some((octet) => octet < 0x20 || octet === 0x7f)
}
