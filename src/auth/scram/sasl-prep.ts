import {isUtf8} from 'node:buffer'

/** "Commonly mapped to nothing" (RFC 3454 table B.1). */
const NOTHING = /[\u00ad\u1806\u200c\u2060\ufeff]|\u034f|[\u180b-\u180d]|\u200d|[\ufe00-\ufe0f]/gu
/** Spaces other than the one of ASCII (RFC 3454 table C.1.2). */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/**
 * A password as SCRAM clients prepare it (SASLprep, RFC 4013): other spaces become a space, soft hyphens and their like go
 * away, compatible forms become one (NFKC). What is not UTF-8, or must not be in prepared text, stays as it is: clients that
 * do not prepare passwords can then still log in.
 */
export function saslPrep(password: Buffer): Buffer {
  if (password.every((octet) => octet < 0x80) || !isUtf8(password)) return password
  const text = password.toString('utf8').replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return isProhibited(text) ? password : Buffer.from(text, 'utf8')
}

/**
 * Controls, private use, surrogates, non-characters, and what changes how text is shown (RFC 3454 tables C.2 to C.9). An
 * expression with such classes takes half a millisecond to make: not before it is needed.
 */
function isProhibited(text: string): boolean {
  return /[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{e0001}\u{e0020}-\u{e007f}\ufdd0-\ufdef\p{Noncharacter_Code_Point}]/u.test(
    text,
  )
}
