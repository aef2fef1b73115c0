import {decoderOf, guessTextOf} from './charset.js'

/** What SEARCH looks for, in the form that texts are brought into too (`spec/imap.md` §23). */
export interface Needle {
  /** Lower-case Unicode, no blanks at the ends, runs of blanks as one space. */
  readonly text: string
  /** Only ASCII: can be found in octets without decoding them, if the charset keeps ASCII. */
  readonly isAscii: boolean
  readonly hasSpaces: boolean
  /** The longest word: a text without it need not be brought into form. */
  readonly longestWord: string
  /** Finds a short needle of several words in a folded text whose blanks are as they were. */
  readonly pattern: RegExp | undefined
}

/** Longer ones are searched in a way that is linear whatever they hold. */
const SHORT_NEEDLE = 64

/** Case does not count: lower case, and one sigma. */
export function foldCase(text: string): string {
  const lower = text.toLowerCase()
  return lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower
}

/** Runs of blanks as one space; those at the ends too. */
export function collapseBlanks(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ')
}

/** No word begins with a blank, so a failed match gives each run of blanks up once: time is linear in text and needle. */
function patternOf(words: readonly string[]): RegExp {
  return new RegExp(words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('[ \\t\\r\\n]+'))
}

/** The needle of a Unicode string. */
export function needleOfText(text: string): Needle {
  const folded = collapseBlanks(foldCase(text)).replace(/^ | $/g, '')
  const words = folded.split(' ')
  return {
    text: folded,
    isAscii: !/[^\0-\x7f]/.test(folded),
    hasSpaces: words.length > 1,
    longestWord: words.reduce((a, b) => (b.length > a.length ? b : a)),
    pattern: words.length > 1 && folded.length <= SHORT_NEEDLE ? patternOf(words) : undefined,
  }
}

/**
 * The needle of a SEARCH argument: octets (one character each) in `charset`; without one UTF-8 if it is valid. Undefined
 * when the charset is not supported.
 */
export function needleOf(octets: string, charset?: string): Needle | undefined {
  if (charset === undefined) return needleOfText(guessTextOf(octets))
  const text = decoderOf(charset)?.decode(Buffer.from(octets, 'latin1'))
  return text === undefined ? undefined : needleOfText(text)
}

/** Knuth, Morris, Pratt: no text is slow. */
function containsLong(text: string, needle: string): boolean {
  const borders = new Uint32Array(needle.length)
  for (let i = 1, matched = 0; i < needle.length; i += 1) {
    while (matched > 0 && needle.charCodeAt(i) !== needle.charCodeAt(matched)) matched = borders[matched - 1]!
    if (needle.charCodeAt(i) === needle.charCodeAt(matched)) matched += 1
    borders[i] = matched
  }
  for (let i = 0, matched = 0; i < text.length; i += 1) {
    while (matched > 0 && text.charCodeAt(i) !== needle.charCodeAt(matched)) matched = borders[matched - 1]!
    if (text.charCodeAt(i) === needle.charCodeAt(matched)) matched += 1
    if (matched === needle.length) return true
  }
  return false
}

function contains(text: string, part: string): boolean {
  return part.length <= SHORT_NEEDLE ? text.includes(part) : containsLong(text, part)
}

/** Does a folded text (`foldCase`) hold the needle, once its blanks are collapsed? */
export function holds(folded: string, needle: Needle): boolean {
  if (!needle.hasSpaces) return contains(folded, needle.text)
  if (!contains(folded, needle.longestWord)) return false
  return needle.pattern ? needle.pattern.test(folded) : contains(collapseBlanks(folded), needle.text)
}

/** Does a Unicode text hold the needle? An empty needle is everywhere. */
export function textHolds(text: string, needle: Needle): boolean {
  return holds(foldCase(text), needle)
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b && code !== 0x0c)
}

/** The end of a text with its blanks collapsed, `length` characters of it at most. */
function collapsedEnd(text: string, length: number): string {
  let kept = 0
  let at = text.length
  while (at > 0 && kept < length) {
    at -= 1
    if (isSpace(text.charCodeAt(at))) while (at > 0 && isSpace(text.charCodeAt(at - 1))) at -= 1
    kept += 1
  }
  return collapseBlanks(text.slice(at))
}

/** Looks for a needle in a text that comes in pieces of any size; keeps no more than the needle's length of it. */
export class TextScanner {
  readonly #needle: Needle
  #tail = ''

  constructor(needle: Needle) {
    this.#needle = needle
  }

  /** Takes the next piece; true as soon as the needle has been seen. */
  push(piece: string): boolean {
    const text = this.#tail + foldCase(piece)
    if (holds(text, this.#needle)) return true
    const keep = this.#needle.text.length - 1
    this.#tail = keep <= 0 ? '' : this.#needle.hasSpaces ? collapsedEnd(text, keep) : text.slice(-keep)
    return false
  }
}
