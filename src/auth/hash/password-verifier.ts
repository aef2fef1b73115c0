import type {Secret} from '../../log/secret.js'
import {digestSchemes, sameText} from './digest-schemes.js'
import type {PasswordCrypt} from './password-crypt.js'

const CRYPT_PREFIX = '{CRYPT}'

export interface VerifyRequest {
  /** What the account source has: octets, one character for each. */
  readonly stored: string
  readonly password: Secret
  /** Address of the client. */
  readonly remote: string
}

/**
 * Whether a password is the one behind a stored hash (`spec/auth.md` §8.1). There is no scheme for clear text: what has no
 * known prefix goes to the system's crypt(3).
 *
 * @throws {Fault} `unavailable` when it cannot be told
 */
export async function verifyPassword(pool: PasswordCrypt, {stored, password, remote}: VerifyRequest): Promise<boolean> {
  const start = stored.toUpperCase()
  const scheme = digestSchemes.find(({prefix}) => start.startsWith(prefix))
  if (scheme) return scheme.matches(stored.slice(scheme.prefix.length), Buffer.from(password.reveal(), 'latin1'))
  const setting = start.startsWith(CRYPT_PREFIX) ? stored.slice(CRYPT_PREFIX.length) : stored
  if (setting === '' || setting.startsWith('*')) return false
  if (pool.recent?.knows(setting, password.reveal())) return true
  const hash = await pool.hash({password: password.reveal(), setting, remote})
  if (hash === undefined || !sameText(hash, setting)) return false
  pool.recent?.remember(setting, password.reveal())
  return true
}
