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
 * known prefix goes to the system's crypt(3). A promise when that has to be asked.
 *
 * @throws {Fault} `unavailable` when it cannot be told
 */
export function verifyPassword(pool: PasswordCrypt, {stored, password, remote}: VerifyRequest): boolean | Promise<boolean> {
  const start = stored.toUpperCase()
  const scheme = digestSchemes.find(({prefix}) => start.startsWith(prefix))
  if (scheme) return scheme.matches(stored.slice(scheme.prefix.length), Buffer.from(password.reveal(), 'latin1'))
  const setting = start.startsWith(CRYPT_PREFIX) ? stored.slice(CRYPT_PREFIX.length) : stored
  if (setting === '' || setting.startsWith('*')) return false
  if (pool.recent?.knows(setting, password.reveal())) return true
  return hashesTo(setting, pool, {password, remote})
}

async function hashesTo(
  setting: string,
  pool: PasswordCrypt,
  {password, remote}: Pick<VerifyRequest, 'password' | 'remote'>,
): Promise<boolean> {
  const hash = await pool.hash({password: password.reveal(), setting, remote})
  if (hash === undefined || !sameText(hash, setting)) return false
  pool.recent?.remember(setting, password.reveal())
  return true
}
