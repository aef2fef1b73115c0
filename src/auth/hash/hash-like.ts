import {createHash} from 'node:crypto'
import type {Crypt} from '../native.js'
import {cryptSalt} from './crypt-base64.js'
import {md5Crypt} from './md5-crypt.js'

const SALT_OCTETS = 4
const MD5_SALT_CHARACTERS = 5

type Maker = (password: Buffer, random: (octets: number) => Buffer) => string

function digest(prefix: string, algorithm: string, encoding: 'base64' | 'hex'): Maker {
  return (password) => prefix + createHash(algorithm).update(password).digest(encoding)
}

const ssha: Maker = (password, random) => {
  const salt = random(SALT_OCTETS)
  return `{SSHA}${Buffer.concat([createHash('sha1').update(password).update(salt).digest(), salt]).toString('base64')}`
}

/** Begin of a hint in upper case → what is made; the first that fits counts. */
const MAKERS: readonly (readonly [hint: string, maker: Maker])[] = [
  ['{MD5}', digest('{MD5}', 'md5', 'base64')],
  ['{MD5R', digest('{MD5RAW}', 'md5', 'hex')],
  ['{SHA}', digest('{SHA}', 'sha1', 'base64')],
  ['{SHA256}', digest('{SHA256}', 'sha256', 'base64')],
  ['{SHA512}', digest('{SHA512}', 'sha512', 'base64')],
]

export interface HashLikeTools {
  readonly random: (octets: number) => Buffer
  /** For MD5-crypt, which ours makes as well; the system's is faster. */
  readonly crypt?: Crypt | undefined
}

/**
 * A new hash of the kind that the original's libraries and `authpasswd` make (`spec/auth.md` §8.2). The hint is the old stored
 * hash or a scheme in braces; what they do not know, crypt(3) hashes too, becomes `{SSHA}`, and no hint at all `{SHA512}`.
 */
export function hashLike(hint: string | undefined, password: Buffer, {random, crypt = md5Crypt}: HashLikeTools): string {
  if (hint === undefined) return digest('{SHA512}', 'sha512', 'base64')(password, random)
  if (hint.startsWith('$1$')) return crypt(password, `$1$${cryptSalt(random(MD5_SALT_CHARACTERS))}$`) ?? ssha(password, random)
  const start = hint.toUpperCase()
  const maker = MAKERS.find(([known]) => start.startsWith(known))?.[1] ?? ssha
  return maker(password, random)
}
