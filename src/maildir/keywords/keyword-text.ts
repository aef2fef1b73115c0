/** The text forms of keywords on disk (`spec/maildir.md` §8.1, §8.2). Pure; all text is octets as latin1. */

/** Keywords of one message, in the order they were given. Messages with the same ones may share the array. */
export type Keywords = readonly string[]

export const NO_KEYWORDS: Keywords = Object.freeze([])

/** What two spellings of a keyword have in common: ASCII letters only are folded. */
export function foldKeyword(keyword: string): string {
  return keyword.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * A keyword as IMAP may show it: what its grammar forbids is replaced by `_`.
 *
 * Courier: replaces space, `( ) { % * " \ ]`; control characters are replaced here as well.
 */
export function cleanKeyword(keyword: string): string {
  return keyword.replace(/[\0-\x20\x7f(){%*"\\\]]/g, '_')
}

/** One spelling for each keyword of a folder: the first one wins. */
export class Spellings {
  /** Every spelling seen, and its folded form → the one that counts. */
  readonly #spellings = new Map<string, string>()

  constructor(known: Iterable<string> = []) {
    for (const keyword of known) this.of(keyword)
  }

  of(keyword: string): string {
    const known = this.#spellings.get(keyword)
    if (known !== undefined) return known
    const fold = foldKeyword(keyword)
    const spelling = this.#spellings.get(fold) ?? keyword
    this.#spellings.set(fold, spelling)
    this.#spellings.set(keyword, spelling)
    return spelling
  }

  /** The keywords in their spelling, each once. */
  set(keywords: Iterable<string>): Keywords {
    const set = new Set<string>()
    for (const keyword of keywords) set.add(this.of(keyword))
    return set.size === 0 ? NO_KEYWORDS : [...set]
  }
}

/** The same keywords, in whatever order. Both are of one folder, so the spelling is the same. */
export function isSameSet(a: Keywords, b: Keywords): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.length === 1 ? a[0] === b[0] : a.every((keyword) => b.includes(keyword))
}

/** The content of a message's own file: one keyword in each line; empty means no keywords. */
export function formatSet(keywords: Keywords): Buffer {
  return Buffer.from(keywords.map((keyword) => `${keyword}\n`).join(''), 'latin1')
}

/** Reads a message's own file. Blank lines count for nothing. */
export function parseSet(content: Buffer, spellings: Spellings): Keywords {
  if (content.length === 0) return NO_KEYWORDS
  const lines = content.toString('latin1').split('\n')
  return spellings.set(lines.filter((line) => line !== '').map(cleanKeyword))
}

export interface KeywordList {
  /** Base name → keywords, of messages that have any. */
  readonly sets: Map<string, Keywords>
  /** A line names no keyword that there is, or a message for the second time. */
  readonly isUntidy: boolean
}

/**
 * Reads `:list`: keywords one per line, an empty line, then `BASE:0 1` with numbers of keywords.
 *
 * Anything but a digit separates numbers; numbers above the list are ignored; any octets can be read.
 */
export function parseList(content: Buffer, spellings: Spellings): KeywordList {
  const text = content.toString('latin1')
  const keywords: string[] = []
  let start = 0
  while (start < text.length) {
    const end = endOfLine(text, start)
    const line = text.slice(start, end)
    start = end + 1
    if (line === '') break
    keywords.push(spellings.of(cleanKeyword(line)))
  }
  const sets = new Map<string, Keywords>()
  // Few combinations serve many messages.
  const combinations = new Map<string, Keywords>()
  let isUntidy = false
  while (start < text.length) {
    const end = endOfLine(text, start)
    const colon = text.lastIndexOf(':', end - 1)
    const base = colon > start ? text.slice(start, colon) : ''
    const set = colon > start ? combination(text.slice(colon + 1, end), keywords, combinations) : NO_KEYWORDS
    start = end + 1
    if (set.length === 0 || sets.has(base)) isUntidy = true
    else sets.set(base, set)
  }
  return {sets, isUntidy}
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function combination(numbers: string, keywords: readonly string[], known: Map<string, Keywords>): Keywords {
  let set = known.get(numbers)
  if (set === undefined) {
    const found = numbers.match(/\d+/g)?.map((digits) => keywords[Number(digits)]) ?? []
    set = [...new Set(found.filter((keyword) => keyword !== undefined))]
    known.set(numbers, set)
  }
  return set
}

/** Writes `:list`. Messages without keywords are left out. */
export function formatList(sets: Iterable<readonly [base: string, keywords: Keywords]>): Buffer {
  const numberOf = new Map<string, number>()
  const numbersOf = new Map<Keywords, string>()
  const lines: string[] = []
  for (const [base, keywords] of sets) {
    if (keywords.length === 0) continue
    let numbers = numbersOf.get(keywords)
    if (numbers === undefined) {
      numbers = keywords.map((keyword) => numberFor(keyword, numberOf)).join(' ')
      numbersOf.set(keywords, numbers)
    }
    lines.push(`${base}:${numbers}\n`)
  }
  const index = [...numberOf.keys()].map((keyword) => `${keyword}\n`)
  return Buffer.from(`${index.join('')}\n${lines.join('')}`, 'latin1')
}

function numberFor(keyword: string, numberOf: Map<string, number>): number {
  let number = numberOf.get(keyword)
  if (number === undefined) {
    number = numberOf.size
    numberOf.set(keyword, number)
  }
  return number
}
