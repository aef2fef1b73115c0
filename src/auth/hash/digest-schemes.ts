import {createHash, timingSafeEqual} from 'node:crypto'

/** A way to store a password that is checked by one quick digest. */
export interface DigestScheme {
  /** In braces, any case, at the begin of the stored value. */
  readonly prefix: string
  /** Whether `password` is the one behind `stored`, the value without its prefix. */
  matches(stored: string, password: Buffer): boolean
}

/** The schemes in braces (`spec/auth.md` §8.1): base64 must be canonical, hex in lower case. */
export const digestSchemes: readonly DigestScheme[] = [
  simple('{MD5}', 'md5', 'base64'),
  simple('{MD5RAW}', 'md5', 'hex'),
  simple('{SHA}', 'sha1', 'base64'),
  simple('{SHA256}', 'sha256', 'base64'),
  simple('{SHA512}', 'sha512', 'base64'),
  {prefix: '{SSHA}', matches: matchesSalted},
]

function simple(prefix: string, algorithm: string, encoding: 'base64' | 'hex'): DigestScheme {
  return {prefix, matches: (stored, password) => sameText(createHash(algorithm).update(password).digest(encoding), stored)}
}

const SHA1_OCTETS = 20

/** base64 of SHA-1(password ‖ salt) ‖ salt. The original knows salts of four octets only; longer ones are common elsewhere. */
function matchesSalted(stored: string, password: Buffer): boolean {
  const octets = Buffer.from(stored, 'base64')
  if (octets.length <= SHA1_OCTETS || octets.toString('base64') !== stored) return false
  const digest = createHash('sha1').update(password).update(octets.subarray(SHA1_OCTETS)).digest()
  return timingSafeEqual(digest, octets.subarray(0, SHA1_OCTETS))
}

/** Compares octet strings in a time that tells their lengths at most. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1')
  const right = Buffer.from(b, 'latin1')
  return left.length === right.length && timingSafeEqual(left, right)
}
