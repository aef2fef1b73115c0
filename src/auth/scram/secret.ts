import {createHash, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual} from 'node:crypto'
import {promisify} from 'node:util'
import {saslPrep} from './sasl-prep.js'

/** What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 §3): it does not allow to log in, unlike a CRAM context. */
export interface ScramSecret {
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/**
 * Iterations of new secrets: what RFC 7677 §4 recommends for machines of its time. Every client has to do them at every login,
 * telephones too.
 */
export const SCRAM_ITERATIONS = 15_000
export const SCRAM_SALT_OCTETS = 16

const KEY_OCTETS = 32
/** What a client may be asked to do; RFC 7677 §4 has the lowest number. */
const ITERATIONS = {min: 4096, max: 10_000_000}
/** Salts of other programs are 8 to 64 octets. */
const MAX_SALT_OCTETS = 256

export interface ScramSalt {
  readonly salt: Buffer
  readonly iterations: number
}

/** Blocks for milliseconds: for tools. */
export function makeScramSecret(password: Buffer, {salt, iterations}: ScramSalt): ScramSecret {
  return secretOf(pbkdf2Sync(saslPrep(password), salt, iterations, KEY_OCTETS, 'sha256'), {salt, iterations})
}

/** The same off the event loop. */
export async function deriveScramSecret(password: Buffer, {salt, iterations}: ScramSalt): Promise<ScramSecret> {
  return secretOf(await promisify(pbkdf2)(saslPrep(password), salt, iterations, KEY_OCTETS, 'sha256'), {salt, iterations})
}

function secretOf(salted: Buffer, {salt, iterations}: ScramSalt): ScramSecret {
  const clientKey = hmac(salted, 'Client Key')
  return {iterations, salt, storedKey: createHash('sha256').update(clientKey).digest(), serverKey: hmac(salted, 'Server Key')}
}

/** `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803 §2, RFC 7677 §2), as PostgreSQL and others write it. */
export function formatScramSecret({iterations, salt, storedKey, serverKey}: ScramSecret): string {
  const [a, b, c] = [salt, storedKey, serverKey].map((octets) => octets.toString('base64'))
  return `SCRAM-SHA-256$${iterations}:${a}$${b}:${c}`
}

/** Undefined when the text is no secret of this kind. RFC 5803 §2 allows white space around each part. */
export function parseScramSecret(text: string): ScramSecret | undefined {
  const match =
    /^\s{0,9}SCRAM-SHA-256\s{0,9}\$\s{0,9}(\d{1,9}):([A-Za-z0-9+/=]{1,400})\s{0,9}\$\s{0,9}([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})\s{0,9}$/i.exec(
      text,
    )
  if (!match) return undefined
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64'))
  const iterations = Number(match[1])
  if (!salt || storedKey?.length !== KEY_OCTETS || serverKey?.length !== KEY_OCTETS) return undefined
  if (salt.length === 0 || salt.length > MAX_SALT_OCTETS || iterations < ITERATIONS.min || iterations > ITERATIONS.max) return undefined
  return {iterations, salt, storedKey, serverKey}
}

/** Whether a secret was made from that password. */
export async function isScramSecretOf(secret: ScramSecret, password: Buffer): Promise<boolean> {
  return timingSafeEqual((await deriveScramSecret(password, secret)).storedKey, secret.storedKey)
}

export function hmac(key: Buffer, message: string | Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest()
}
