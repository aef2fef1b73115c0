import type {Crypt} from '../native.js'
import {cryptCharacters, cryptSalt} from './crypt-base64.js'
import {md5Crypt} from './md5-crypt.js'
import {shaCrypt} from './sha-crypt.js'

/** Ways to make a hash that crypt(3) verifies. */
export type HashKind = 'des' | 'md5' | 'sha256' | 'sha512' | 'yescrypt'

export interface HashTools {
  /** Undefined on systems without libcrypt: `des` and `yescrypt` need it. */
  readonly crypt: Crypt | undefined
  readonly random: (octets: number) => Buffer
}

/** Hashes of a new password, with a random salt; undefined when this system cannot make that kind. Blocks for milliseconds. */
export const hashMakers: Record<HashKind, (password: Buffer, tools: HashTools) => string | undefined> = {
  // Courier: the second character of its salt follows from the first; ours are both random (`spec/auth.md` §5).
  des: (password, {crypt, random}) => crypt?.(password, cryptSalt(random(2))),
  md5: (password, {crypt, random}) => (crypt ?? md5Crypt)(password, `$1$${cryptSalt(random(8))}$`),
  sha256: (password, {crypt, random}) => (crypt ?? shaCrypt)(password, `$5$${cryptSalt(random(16))}$`),
  sha512: (password, {crypt, random}) => (crypt ?? shaCrypt)(password, `$6$${cryptSalt(random(16))}$`),
  yescrypt: (password, {crypt, random}) => crypt?.(password, `$y$j9T$${yescryptSalt(random(16))}$`),
}

/** Kinds that weak hashes may be replaced by. */
export type StrongKind = 'sha512' | 'yescrypt'

/** What crypt(3) makes a new hash of that kind from. */
export function hashSetting(kind: StrongKind, random: (octets: number) => Buffer): string {
  return kind === 'sha512' ? `$6$${cryptSalt(random(16))}$` : `$y$j9T$${yescryptSalt(random(16))}$`
}

/** 16 octets in yescrypt's base64: groups of three, the lowest first. */
function yescryptSalt(octets: Buffer): string {
  let text = ''
  for (let at = 0; at < octets.length; at += 3) {
    const group = octets.subarray(at, at + 3)
    text += cryptCharacters(group.readUIntLE(0, group.length), group.length + 1)
  }
  return text
}
