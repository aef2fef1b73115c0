import type {Secret} from '../../log/secret.js'
import {deriveScramSecret, formatScramSecret, isScramSecretOf, parseScramSecret, SCRAM_ITERATIONS, SCRAM_SALT_OCTETS} from './secret.js'

export interface ScramRenewal {
  readonly oldPassword: Secret
  readonly newPassword: Secret
  readonly random: (octets: number) => Buffer
}

/**
 * The secret that takes the place of a stored one when the password changes, else the old password would go on to log in.
 * Undefined when there is none, or when it was made from another password.
 */
export async function renewScram(
  stored: string | undefined,
  {oldPassword, newPassword, random}: ScramRenewal,
): Promise<string | undefined> {
  const secret = stored === undefined ? undefined : parseScramSecret(stored)
  if (!secret || !(await isScramSecretOf(secret, Buffer.from(oldPassword.reveal(), 'latin1')))) return undefined
  const salt = random(SCRAM_SALT_OCTETS)
  return formatScramSecret(await deriveScramSecret(Buffer.from(newPassword.reveal(), 'latin1'), {salt, iterations: SCRAM_ITERATIONS}))
}
