import {LIMITS} from './limits.js'
import {endOfQuoted, unquote} from './mime-fields.js'
import {isBlank, trimBlanks} from './octets.js'
import type {Address} from './structure.js'

const QUOTE = 0x22
const OPEN = 0x28
const COMMA = 0x2c
const COLON = 0x3a
const SEMICOLON = 0x3b
const LESS = 0x3c
const GREATER = 0x3e
const BRACKET = 0x5b
const BACKSLASH = 0x5c

/** Text of a comment that starts at `at`, without the outer parentheses, and where it ends. */
function readComment(text: string, at: number): {comment: string; end: number} {
  let depth = 0
  for (let i = at; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0x5c) i += 1
    else if (code === 0x28) depth += 1
    else if (code === 0x29) {
      depth -= 1
      if (depth === 0) return {comment: text.slice(at + 1, i), end: i + 1}
    }
  }
  return {comment: text.slice(at + 1), end: text.length}
}

/** Characters of a domain literal that are looked at for its end. */
const LITERAL_OCTETS = 300

/** By octet: an atom ends before it. */
const ENDS_ATOM = Uint8Array.from({length: 256}, (_, code) => Number(isBlank(code) || '"(),:;<>[\\'.includes(String.fromCharCode(code))))

function endOfAtom(text: string, at: number): number {
  let end = at + (text.charCodeAt(at) === BACKSLASH ? 2 : 1)
  while (end < text.length && ENDS_ATOM[text.charCodeAt(end)] !== 1) end += 1
  return Math.min(end, text.length)
}

/** One token of an address field: a comment, a quoted string, a domain literal, a special or an atom with `@` and dots. */
interface Token {
  readonly kind: 'atom' | 'quoted' | 'literal' | 'comment' | 'special'
  /** As written; of a comment what is inside. */
  readonly text: string
  /** Blanks stand before it. */
  readonly spaced: boolean
  /** Where it ends. */
  readonly end: number
}

function tokenAt(text: string, at: number, spaced: boolean): Token {
  switch (text.charCodeAt(at)) {
    case QUOTE: {
      const end = endOfQuoted(text, at)
      return {kind: 'quoted', text: text.slice(at, end), spaced, end}
    }
    case OPEN: {
      const {comment, end} = readComment(text, at)
      return {kind: 'comment', text: comment, spaced, end}
    }
    case BRACKET: {
      const end = at + text.slice(at, at + LITERAL_OCTETS).indexOf(']') + 1
      // Without its end, the bracket is a part of an atom.
      if (end > at) return {kind: 'literal', text: text.slice(at, end), spaced, end}
      break
    }
    case COMMA:
    case COLON:
    case SEMICOLON:
    case LESS:
    case GREATER:
      return {kind: 'special', text: text[at] ?? '', spaced, end: at + 1}
  }
  const end = endOfAtom(text, at)
  return {kind: 'atom', text: text.slice(at, end), spaced, end}
}

/** Words of a display name: quotes removed, one space between words that had blanks between them (RFC 5322 §3.2.5). */
function phrase(words: readonly Token[]): string {
  let name = ''
  for (const word of words) {
    const text = word.kind === 'quoted' ? unquote(word.text) : word.text
    name += word.spaced && name !== '' ? ` ${text}` : text
  }
  return trimBlanks(name)
}

/** The local part and the domain, split at the last `@`; a local part keeps its quotes (`spec/imap.md` §13.6). */
function split(spec: string): {mailbox: string; host: string} {
  const at = spec.lastIndexOf('@')
  // An `@` inside quotes is no separator.
  if (at < 0 || (spec.startsWith('"') && spec.indexOf('"', at) > at)) return {mailbox: spec, host: ''}
  return {mailbox: spec.slice(0, at), host: spec.slice(at + 1)}
}

/** An address without angles: blanks inside it go, those between words that are no address stay. */
function bareAddress(words: readonly Token[]): string {
  const isAddress = words.some(({kind, text}) => kind === 'atom' && text.includes('@'))
  return words.map(({text, spaced}, i) => (spaced && i > 0 && !isAddress ? ` ${text}` : text)).join('')
}

/** Reads one field: collects words until a special says what they were. */
class AddressReader {
  readonly addresses: Address[] = []
  #words: Token[] = []
  #comment = ''
  /** Between `<` and `>`: what has been read of the address. */
  #angle: string | undefined
  #name = ''
  /** Inside the route of an angle: `<@a,@b:user@host>`. */
  #inRoute = false
  /** An address in angles has been read and the comma after it has not: words are garbage. */
  #hasEnded = false
  #inGroup = false

  take(token: Token): void {
    if (token.kind === 'comment') this.#comment = token.text
    else if (token.kind === 'special') this.#special(token.text)
    else if (this.#angle !== undefined) this.#takeInAngle(token.text)
    else this.#words.push(token)
  }

  #takeInAngle(text: string): void {
    if (this.#angle === '' && text.startsWith('@')) this.#inRoute = true
    this.#angle += text
  }

  #special(special: string): void {
    if (this.#angle !== undefined) this.#insideAngle(special)
    else if (special === '<') this.#openAngle()
    else if (special === ',') this.#endAddress()
    else if (special === ':' && !this.#inGroup) this.#startGroup()
    else if (special === ';') this.#endGroup()
    else if (special === ':') this.#words.push({kind: 'atom', text: ':', spaced: false, end: 0})
  }

  #openAngle(): void {
    this.#name = phrase(this.#words)
    this.#words = []
    this.#angle = ''
  }

  /** An angle that was never closed ends with the next comma, unless it is a route's (RFC 5322 §4.4). */
  #insideAngle(special: string): void {
    if (special === '>') this.#endAngle()
    else if (special === ',' && !this.#inRoute) this.#endAddress()
    else if (special === ';' && this.#inGroup) this.#endGroup()
    else if (special !== '<') this.#angle += special
    if (special === ':') this.#inRoute = false
  }

  #endAngle(): void {
    const {mailbox, host} = split(this.#angle!)
    this.#add({name: this.#name || trimBlanks(this.#comment) || undefined, mailbox, host})
    this.#reset()
    this.#hasEnded = true
  }

  /** A comma or the end: what is left is an address without brackets. */
  #endAddress(): void {
    if (this.#angle !== undefined) this.#endAngle()
    else if (this.#words.length > 0 && !this.#hasEnded) {
      const {mailbox, host} = split(bareAddress(this.#words))
      this.#add({name: trimBlanks(this.#comment) || undefined, mailbox, host})
    }
    this.#reset()
  }

  #startGroup(): void {
    this.#add({name: undefined, mailbox: phrase(this.#words), host: undefined})
    this.#inGroup = true
    this.#reset()
  }

  #endGroup(): void {
    this.#endAddress()
    if (this.#inGroup) this.#add({name: undefined, mailbox: undefined, host: undefined})
    this.#inGroup = false
  }

  #add(address: Address): void {
    this.addresses.push(address)
  }

  #reset(): void {
    this.#words = []
    this.#comment = ''
    this.#angle = undefined
    this.#name = ''
    this.#inRoute = false
    this.#hasEnded = false
  }

  end(): Address[] {
    if (this.#inGroup) this.#endGroup()
    else this.#endAddress()
    return this.addresses
  }
}

/**
 * Reads an address field (RFC 5322 §3.4, with the obsolete forms) as `spec/imap.md` §13.6 shows it: groups as start and
 * end, names without quotes, the comment as a name when there is no other. Garbage gives some address, never an error.
 * Linear time; at most `LIMITS.addresses`.
 */
export function parseAddresses(value: string): Address[] {
  const reader = new AddressReader()
  for (let at = 0; reader.addresses.length < LIMITS.addresses; ) {
    const from = at
    while (at < value.length && isBlank(value.charCodeAt(at))) at += 1
    if (at >= value.length) break
    const token = tokenAt(value, at, at > from)
    reader.take(token)
    at = token.end
  }
  return reader.end()
}
