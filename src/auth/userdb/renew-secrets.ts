import type {Secret} from '../../log/secret.js'
import {cryptSalt} from '../hash/crypt-base64.js'
import {sameText} from '../hash/digest-schemes.js'
import type {PasswordCrypt} from '../hash/password-crypt.js'
import {verifyPassword} from '../hash/password-verifier.js'
import {type HmacDigest, hmacContext} from '../hmac/context.js'
import {renewScram} from '../scram/renew.js'
import {type Field, fieldValue} from './record.js'

/** A field that gets another value. Octets, one character for each. */
export interface FieldRenewal {
  readonly name: string
  readonly from: string
  readonly to: string
}

export interface PasswordRenewal {
  /** Octets, one character for each. */
  readonly service: string
  readonly oldPassword: Secret
  readonly newPassword: Secret
  readonly remote: string
}

export interface RenewalTools {
  readonly crypt: PasswordCrypt
  readonly random: (octets: number) => Buffer
}

const HMACS: readonly HmacDigest[] = ['md5', 'sha1', 'sha256']
const SCRAM_FIELD = 'scram-sha-256pw'
/** Schemes of crypt(3) that stay as they are: SHA-256-crypt, SHA-512-crypt. */
const STRONG = /^(\{CRYPT\})?\$([56])\$/i

/**
 * What a change of the password changes in a record (`spec/auth.md` §16): the hash that the service uses, and every secret for CRAM
 * and SCRAM that was made from the old password. Nothing when none of them was.
 */
export async function renewSecrets(
  secrets: readonly Field[],
  {service, oldPassword, newPassword, remote}: PasswordRenewal,
  tools: RenewalTools,
): Promise<readonly FieldRenewal[]> {
  const [before, after] = [Buffer.from(oldPassword.reveal(), 'latin1'), Buffer.from(newPassword.reveal(), 'latin1')]
  const renewals: FieldRenewal[] = []
  const own = `${service}pw`
  const name = fieldValue(secrets, own) === undefined ? 'systempw' : own
  const from = fieldValue(secrets, name)
  if (from !== undefined && (await verifyPassword(tools.crypt, {stored: from, password: oldPassword, remote}))) {
    renewals.push({name, from, to: await newHash(from, newPassword, {...tools, remote})})
  }
  for (const digest of HMACS) {
    for (const field of [`${service}-hmac-${digest}pw`, `hmac-${digest}pw`]) {
      const context = fieldValue(secrets, field)
      if (context === undefined || !sameText(context, hmacContext(digest, before))) continue
      renewals.push({name: field, from: context, to: hmacContext(digest, after)})
    }
  }
  for (const field of [`${service}-${SCRAM_FIELD}`, SCRAM_FIELD]) {
    const stored = fieldValue(secrets, field)
    const fresh = await renewScram(stored, {oldPassword, newPassword, random: tools.random})
    if (stored !== undefined && fresh !== undefined) renewals.push({name: field, from: stored, to: fresh})
  }
  return renewals
}

/** Courier: always MD5-crypt. Here a hash by SHA-256-crypt or SHA-512-crypt keeps its scheme: a change of the password must not weaken it. */
async function newHash(from: string, password: Secret, {crypt, random, remote}: RenewalTools & {readonly remote: string}): Promise<string> {
  const [, brace = '', scheme = '1'] = STRONG.exec(from) ?? []
  const salt = cryptSalt(random(scheme === '1' ? 8 : 16))
  const hash = await crypt.hash({password: password.reveal(), setting: `$${scheme}$${salt}$`, remote})
  if (hash === undefined) throw new Error('The system does not make hashes')
  return brace + hash
}
