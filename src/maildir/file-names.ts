/**
 * What a message's file name says: base name, size, flags.
 *
 * `1795226013.M638566P2956V000000000000FE00I000000000022C08A_0.host,S=12:2,FS`: the base name goes up to the last
 * `:` and never changes; what follows are the flags. All names are octets as latin1 text. `spec/maildir.md` §2.
 */
import {STRIDE, type Steps, sortSteps} from '../support/steps.js'
import type {FlagBits} from './types.js'
import {FLAG} from './types.js'

/** Letters in the order of their bits, which is the order in the name. */
const LETTERS = 'DFRST'
const ALL_FLAGS = FLAG.draft | FLAG.flagged | FLAG.answered | FLAG.seen | FLAG.deleted
/** `:2,` with the letters of each set of flags. */
const SUFFIXES = Array.from({length: ALL_FLAGS + 1}, (_, flags) => `:2,${[...LETTERS].filter((_, bit) => flags & (1 << bit)).join('')}`)

/** The part of a file name that identifies the message: up to the last `:`. */
export function baseName(name: string): string {
  const colon = name.lastIndexOf(':')
  return colon < 0 ? name : name.slice(0, colon)
}

/** System flags of a file name; none when its last `:` is not followed by `2,`. Order and other letters do not matter. */
export function flagsOfName(name: string): FlagBits {
  const colon = name.lastIndexOf(':')
  if (colon < 0 || name.charCodeAt(colon + 1) !== 0x32 || name.charCodeAt(colon + 2) !== 0x2c) return 0
  let flags = 0
  for (let at = colon + 3; at < name.length; at += 1) flags |= bitOf(name.charCodeAt(at))
  return flags
}

function bitOf(letter: number): FlagBits {
  switch (letter) {
    case 0x44:
      return FLAG.draft
    case 0x46:
      return FLAG.flagged
    case 0x52:
      return FLAG.answered
    case 0x53:
      return FLAG.seen
    case 0x54:
      return FLAG.deleted
    default:
      return 0
  }
}

/**
 * The file name with these flags instead of its own.
 *
 * Courier: drops letters that it does not know (`P`, keyword letters of others); they are kept here, in ASCII order.
 */
export function withFlags(name: string, flags: FlagBits): string {
  const colon = name.lastIndexOf(':')
  if (colon < 0) return name + infoWithFlags('', flags)
  return name.slice(0, colon) + infoWithFlags(name.slice(colon), flags)
}

/** The same for the end of a name, from its last `:` on. */
export function infoWithFlags(info: string, flags: FlagBits): string {
  const suffix = SUFFIXES[flags & ALL_FLAGS] ?? ':2,'
  const foreign = info.startsWith(':2,') ? foreignLetters(info, 3) : ''
  return foreign === '' ? suffix : `:2,${[...new Set(suffix.slice(3) + foreign)].sort().join('')}`
}

function foreignLetters(name: string, from: number): string {
  let letters = ''
  for (let at = from; at < name.length; at += 1) {
    const code = name.charCodeAt(at)
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
    if (isLetter && bitOf(code) === 0) letters += name[at]
  }
  return letters
}

/** The name that a file of `new/` gets in `cur/`: `:2,` is added when there is no `:` (`spec/maildir.md` §2.4). */
export function nameInCur(name: string): string {
  return name.includes(':') ? name : `${name}:2,`
}

/**
 * Octets of the stored message as the name says (`,S=`); undefined: look at the file.
 *
 * The last `,S=` before the first `:` counts; no digits mean 0.
 */
export function sizeOfName(name: string): number | undefined {
  const start = name.lastIndexOf('/') + 1
  const colon = name.indexOf(':', start)
  const end = colon < 0 ? name.length : colon
  const at = end - start < 3 ? -1 : name.lastIndexOf(',S=', end - 3)
  if (at < start) return undefined
  let size = 0
  for (let digit = at + 3; digit < end; digit += 1) {
    const value = name.charCodeAt(digit) - 0x30
    if (value < 0 || value > 9) break
    size = size * 10 + value
  }
  return Number.isSafeInteger(size) ? size : undefined
}

/** The name with `,S=` put in, or replaced: at its first `,S=` or before its first `:`, whichever comes first. */
export function withSize(name: string, sizeBytes: number): string {
  const start = name.lastIndexOf('/') + 1
  const colon = name.indexOf(':', start)
  const end = colon < 0 ? name.length : colon
  const at = name.indexOf(',S=', start)
  if (at < 0 || at >= end) return `${name.slice(0, end)},S=${sizeBytes}${name.slice(end)}`
  let digits = at + 3
  while (digits < name.length && name.charCodeAt(digits) >= 0x30 && name.charCodeAt(digits) <= 0x39) digits += 1
  return `${name.slice(0, at)},S=${sizeBytes}${name.slice(digits)}`
}

/**
 * The message counts for the quota: it has no `T` among the upper-case letters directly after `:2,`, and its name
 * does not begin with a dot (`spec/maildir.md` §7.2).
 */
export function countsForQuota(name: string): boolean {
  if (name.startsWith('.')) return false
  const colon = name.lastIndexOf(':')
  if (colon < 0 || !name.startsWith('2,', colon + 1)) return true
  for (let at = colon + 3; at < name.length; at += 1) {
    const code = name.charCodeAt(at)
    if (code < 0x41 || code > 0x5a) return true
    if (code === 0x54) return false
  }
  return true
}

/**
 * Text whose plain order is the order in which new messages get their UIDs: leading number, then octets, up to the
 * first `:` (`spec/maildir.md` §2.5).
 */
export function orderKey(name: string): string {
  const colon = name.indexOf(':')
  const text = colon < 0 ? name : name.slice(0, colon)
  let digits = 0
  while (digits < text.length && text.charCodeAt(digits) >= 0x30 && text.charCodeAt(digits) <= 0x39) digits += 1
  let zeros = 0
  while (zeros < digits && text.charCodeAt(zeros) === 0x30) zeros += 1
  // Its length first makes numbers compare as numbers.
  return String.fromCharCode(digits - zeros) + text.slice(zeros, digits) + text
}

/** Sorts into the order in which new messages get their UIDs, in steps. */
export function* sortForUids<T>(items: readonly T[], nameOf: (item: T) => string): Steps<T[]> {
  const keyed: {readonly item: T; readonly key: string}[] = []
  for (const item of items) {
    keyed.push({item, key: orderKey(nameOf(item))})
    if (keyed.length % STRIDE === 0) yield
  }
  const sorted: T[] = []
  for (const {item} of yield* sortSteps(keyed, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))) {
    sorted.push(item)
    if (sorted.length % STRIDE === 0) yield
  }
  return sorted
}
