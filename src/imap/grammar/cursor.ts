import {isUtf8} from 'node:buffer'
import {BadSyntax} from '../../support/fault.js'
import type {IncomingLiteral} from '../incoming-literal.js'
import {decodeMailbox, type MailboxName} from '../mailbox-name.js'
import {type MessageSet, type SetRange, STAR} from '../message-set.js'
import {isAstringChar, isAtomChar, isDigit, isListChar, isTagChar} from './characters.js'
import {type FlagArgument, MAX_KEYWORD_OCTETS, SYSTEM_FLAGS} from './flags.js'

/** A stretch of a command: text between literals, or a literal. Text is latin1: one character for each octet. */
export type Piece =
  | {readonly text: string}
  | {readonly literal: Buffer; readonly binary: boolean}
  /** The last one of a command whose message has not been sent yet. */
  | {readonly incoming: IncomingLiteral}

/** The literal that comes next is an argument: it has to be read before the command can be. */
export class LiteralNeeded extends Error {
  override readonly name = 'LiteralNeeded'
}

export interface CursorOptions {
  /** Mailbox names are UTF-8 (RFC 6855). */
  readonly utf8: boolean
  /** Keywords may be used (`IMAP_KEYWORDS`). */
  readonly keywords: boolean
}

/** A place in the command, to come back to. */
export interface Mark {
  readonly piece: number
  readonly at: number
}

const MAX_NUMBER = 0xffffffff

const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Reads a complete command from left to right: line pieces and the literals between them (RFC 3501 §9).
 *
 * All strings that it gives are latin1: one character for each octet that the client sent. Every method either
 * gives a value and moves behind it, or throws `BadSyntax` with the place and what was expected there. Time is
 * linear in the length of the command.
 */
export class Cursor {
  readonly #pieces: readonly Piece[]
  readonly #options: CursorOptions
  #piece = 0
  #text = ''
  #at = 0

  constructor(pieces: readonly Piece[], options: CursorOptions) {
    this.#pieces = pieces
    this.#options = options
    this.#enter(0, 0)
  }

  #enter(piece: number, at: number): void {
    const entered = this.#pieces[piece]
    this.#piece = piece
    this.#text = entered && 'text' in entered ? entered.text : ''
    this.#at = at
  }

  /** The literal that starts here. */
  #literalHere(): Exclude<Piece, {readonly text: string}> | undefined {
    if (this.#at < this.#text.length) return undefined
    const next = this.#pieces[this.#piece + 1]
    return next && !('text' in next) ? next : undefined
  }

  /** Octets before this place, for messages. */
  get #offset(): number {
    let sum = this.#at
    for (const piece of this.#pieces.slice(0, this.#piece)) {
      if ('text' in piece) sum += piece.text.length
      else if ('literal' in piece) sum += piece.literal.length
    }
    return sum
  }

  /** The error of this place. Use as `throw line.expected('a date')`. */
  expected(what: string): BadSyntax {
    return new BadSyntax(`Expected ${what} at octet ${this.#offset}`)
  }

  /** The place, to come back to with `back`. */
  mark(): Mark {
    return {piece: this.#piece, at: this.#at}
  }

  back(mark: Mark): void {
    this.#enter(mark.piece, mark.at)
  }

  /** The next character; `{` for a literal, empty at the end. */
  peek(): string {
    return this.#text[this.#at] ?? (this.#literalHere() ? '{' : '')
  }

  /** Nothing but blanks is left. */
  get atEnd(): boolean {
    this.#skipBlanks()
    return this.peek() === ''
  }

  #skipBlanks(): boolean {
    const start = this.#at
    for (let code = this.#text.charCodeAt(start); code === SPACE || code === TAB; code = this.#text.charCodeAt(this.#at)) this.#at++
    return this.#at > start
  }

  /**
   * A space.
   *
   * Courier: several blanks count as one, and none is needed beside a parenthesis or a quoted string
   * (`STATUS INBOX(MESSAGES)`); RFC 3501 §9 wants exactly one.
   */
  space(): this {
    const before = this.#text[this.#at - 1]
    if (this.#skipBlanks()) return this
    const next = this.peek()
    if (next === '(' || next === '"' || (next !== '' && (before === ')' || before === '"'))) return this
    throw this.expected('a space')
  }

  /** True, and behind it, when there is another argument: blanks and then something. */
  more(): boolean {
    const mark = this.mark()
    this.#skipBlanks()
    if (this.peek() !== '') return true
    this.back(mark)
    return false
  }

  /** True, and behind it, when exactly this character comes next. */
  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  /** Exactly this character. */
  skip(char: string): this {
    if (!this.take(char)) throw this.expected(`"${char}"`)
    return this
  }

  /** The end of the command. Trailing blanks are no argument. */
  end(): void {
    if (!this.atEnd) throw this.expected('the end of the command')
  }

  /** The longest stretch, perhaps empty, of octets that `test` holds for. Does not enter literals. */
  stretch(test: (code: number) => boolean): string {
    const start = this.#at
    while (this.#at < this.#text.length && test(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #some(test: (code: number) => boolean, what: string): string {
    const text = this.stretch(test)
    if (text === '') throw this.expected(what)
    return text
  }

  tag(): string {
    return this.#some(isTagChar, 'a tag')
  }

  /** An atom in the client's spelling. */
  atom(what = 'an atom'): string {
    return this.#some(isAtomChar, what)
  }

  /** A protocol word: an atom in upper case. */
  word(what = 'a word'): string {
    return this.atom(what).toUpperCase()
  }

  /** A number of 32 bits (RFC 3501 §9, number). */
  number(what = 'a number'): number {
    const start = this.mark()
    const value = Number(this.#some(isDigit, what))
    if (value <= MAX_NUMBER) return value
    this.back(start)
    throw this.expected(`${what} below 4294967296`)
  }

  /** A number of 32 bits that does not start with 0 (RFC 3501 §9, nz-number). */
  nzNumber(what = 'a number'): number {
    if (this.peek() === '0') throw this.expected(`${what} that does not start with 0`)
    return this.number(what)
  }

  #quoted(): string {
    const start = this.mark()
    const text = this.#text
    let value = ''
    let from = this.#at + 1
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === BACKSLASH) {
        // Courier: a backslash quotes any character; RFC 3501 §9 has only `\"` and `\\`.
        value += text.slice(from, i)
        from = ++i
      } else if (code === QUOTE) {
        this.#at = i + 1
        return this.#checked(value + text.slice(from, i), start)
      }
    }
    throw this.expected('a quoted string with its closing quote')
  }

  /** Courier: a quoted string may hold 8-bit octets that are UTF-8; RFC 3501 §9 allows none, RFC 6855 §3 these. */
  #checked(value: string, start: Mark): string {
    const wrong = /[\0\r\n]/.test(value) ? 'no NUL, CR or LF' : ''
    const problem = wrong || (/[\x80-\xff]/.test(value) && !isUtf8(Buffer.from(value, 'latin1')) ? 'only UTF-8' : '')
    if (problem === '') return value
    this.back(start)
    throw this.expected(`a quoted string with ${problem}`)
  }

  /** A literal's octets. `binary`: literal8 (RFC 3516 §4.4) may hold NUL. */
  #literal(): string {
    const here = this.#literalHere()
    if (!here) throw this.expected('a literal')
    if ('incoming' in here) throw new LiteralNeeded()
    if (!here.binary && here.literal.includes(0)) throw this.expected('a literal without NUL')
    this.#enter(this.#piece + 2, 0)
    return here.literal.toString('latin1')
  }

  /** A quoted string or a literal. */
  string(what = 'a string'): string {
    const next = this.peek()
    if (next === '"') return this.#quoted()
    if (this.#literalHere()) return this.#literal()
    throw this.expected(what)
  }

  /** The message that ends the command (RFC 3501 §6.3.11): a literal that has been announced and not been read. */
  message(): IncomingLiteral {
    const here = this.#literalHere()
    if (!here || !('incoming' in here)) throw this.expected('a message as a literal')
    this.#enter(this.#piece + 2, 0)
    return here.incoming
  }

  /** A string, or undefined for NIL. */
  nstring(what = 'a string or NIL'): string | undefined {
    return this.nil() ? undefined : this.string(what)
  }

  /** True, and behind it, when the atom NIL comes next. */
  nil(): boolean {
    const mark = this.mark()
    if (this.stretch(isAtomChar).toUpperCase() === 'NIL') return true
    this.back(mark)
    return false
  }

  #stringOr(test: (code: number) => boolean, what: string): string {
    const next = this.peek()
    if (next === '"' || (next === '{' && this.#literalHere())) return this.string(what)
    return this.#some(test, what)
  }

  /** An atom (with `]`), a quoted string or a literal. */
  astring(what = 'a string or an atom'): string {
    return this.#stringOr(isAstringChar, what)
  }

  /** The name of a mailbox, decoded by the session's encoding. */
  mailbox(): MailboxName {
    return decodeMailbox(this.astring('the name of a mailbox'), this.#options)
  }

  /** A mailbox name that may hold `%` and `*` (RFC 3501 §9, list-mailbox). */
  listMailbox(): MailboxName {
    return decodeMailbox(this.#stringOr(isListChar, 'a mailbox pattern'), this.#options)
  }

  #setNumber(): number {
    return this.take('*') ? STAR : this.nzNumber('a message number or "*"')
  }

  /** `1,3:5,10:*` (RFC 3501 §9, sequence-set). */
  messageSet(): MessageSet {
    const ranges: SetRange[] = []
    do {
      const first = this.#setNumber()
      ranges.push({first, last: this.take(':') ? this.#setNumber() : first})
    } while (this.take(','))
    return ranges
  }

  /** The set that starts here comes next: a digit or `*`. */
  get atSet(): boolean {
    return /^[0-9*]$/.test(this.peek())
  }

  /** `(item item …)`, perhaps empty. `item` reads one and moves behind it. */
  list<T>(item: (line: this) => T): T[] {
    const items: T[] = []
    this.skip('(')
    this.#skipBlanks()
    if (this.take(')')) return items
    for (;;) {
      items.push(item(this))
      const blank = this.#skipBlanks()
      if (this.take(')')) return items
      if (!blank && this.peek() !== '"' && this.peek() !== '(') throw this.expected('a space or ")"')
    }
  }

  /** One flag, added to `flags` or to `keywords`. */
  #flag(into: {flags: number; keywords: string[]}): void {
    const start = this.mark()
    const system = this.take('\\')
    const name = this.atom('a flag')
    const bit = system ? SYSTEM_FLAGS.get(name.toUpperCase()) : undefined
    if (bit !== undefined) into.flags |= bit
    else if (!system && this.#options.keywords && name.length <= MAX_KEYWORD_OCTETS) into.keywords.push(name)
    else {
      this.back(start)
      throw this.expected(this.#options.keywords ? 'a flag that can be set' : 'a system flag')
    }
  }

  /** `(\Seen keyword …)`, perhaps empty. */
  flagList(): FlagArgument {
    const result = {flags: 0, keywords: [] as string[]}
    this.list(() => this.#flag(result))
    return result
  }

  /** The flags of STORE: a list, or flags without parentheses (RFC 3501 §9, store-att-flags). */
  flags(): FlagArgument {
    if (this.peek() === '(') return this.flagList()
    const result = {flags: 0, keywords: [] as string[]}
    do this.#flag(result)
    while (this.more())
    return result
  }
}
