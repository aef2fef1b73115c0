import type {Secret} from '../../log/secret.js'
import {cryptSalt} from './crypt-base64.js'
import {hashLike} from './hash-like.js'
import type {PasswordCrypt} from './password-crypt.js'

export interface RenewHashOptions {
  /** The old hash, undefined when there was none. */
  readonly stored: string | undefined
  readonly password: Secret
  readonly crypt: PasswordCrypt
  readonly random: (octets: number) => Buffer
  readonly remote: string
}

/** SHA-256-crypt and SHA-512-crypt, with or without `{CRYPT}`. */
const SHA_CRYPT = /^(\{CRYPT\})?(\$[56]\$)/i
const SALT_CHARACTERS = 16

/**
 * The hash of a new password by the scheme of the old one (`spec/auth.md` §8.2).
 *
 * Courier: a hash by SHA-256-crypt or SHA-512-crypt becomes `{SSHA}`. Here it keeps its scheme: other programs that read the same
 * table understand it, and `{SSHA}` is far weaker.
 */
export async function renewHash({stored, password, crypt, random, remote}: RenewHashOptions): Promise<string> {
  const [, brace = '', scheme] = SHA_CRYPT.exec(stored ?? '') ?? []
  if (scheme !== undefined) {
    const setting = `${scheme}${cryptSalt(random(SALT_CHARACTERS))}$`
    const hash = await crypt.hash({password: password.reveal(), setting, remote})
    if (hash !== undefined) return brace + hash
  }
  return hashLike(stored, Buffer.from(password.reveal(), 'latin1'), {random})
}
