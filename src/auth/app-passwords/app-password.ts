import {createHash} from 'node:crypto'
import {sameText} from '../hash/digest-schemes.js'

/** A password for one program of an account (`design.md` §3: state). The password itself is not kept. */
export interface AppPassword {
  /** Names it to the administrator; unique within the account. */
  readonly name: string
  /** SHA-256 of the password in base64. It has 120 random bits: nobody guesses it from this. */
  readonly hash: string
  /** `imap`, `pop3`, …; empty: all. */
  readonly services: readonly string[]
  /** Milliseconds since 1970. */
  readonly created: number
  readonly expires: number | undefined
}

/** Without what looks alike. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const LENGTH = 24
const GROUP = 4
const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** A new password as it is shown, in groups: `abcd-efgh-…`. */
export function makeAppPassword(random: (octets: number) => Buffer): string {
  const characters = [...random(LENGTH)].map((octet) => ALPHABET[octet % ALPHABET.length] ?? '').join('')
  return (characters.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-')
}

/** What of a typed password counts, undefined when it cannot be one of these: people leave the dashes out. */
export function canonicalAppPassword(typed: string): string | undefined {
  const plain = typed.replace(/[- ]/g, '').toLowerCase()
  return typed.length <= 2 * LENGTH && FORM.test(plain) ? plain : undefined
}

export function hashAppPassword(canonical: string): string {
  return createHash('sha256').update(canonical).digest('base64')
}

/** The one that it is, when it counts for this service now. All are compared, in constant time. */
export function matchingAppPassword(
  list: readonly AppPassword[],
  {canonical, service, now}: {readonly canonical: string; readonly service: string; readonly now: number},
): AppPassword | undefined {
  const hash = hashAppPassword(canonical)
  const [found] = list.filter((each) => sameText(each.hash, hash))
  if (!found || (found.services.length > 0 && !found.services.includes(service))) return undefined
  return found.expires !== undefined && found.expires <= now ? undefined : found
}
