/**
 * Strict parser of `* n FETCH (…)` (RFC 3501 §9, message-data): whatever the grammar does not allow throws.
 *
 * Strings have one character for each octet. With `utf8`, quoted strings may hold valid UTF-8 (RFC 6855 §3).
 */
import {isUtf8} from 'node:buffer'

export interface FetchedAddress {
  readonly name: string | undefined
  readonly route: string | undefined
  readonly mailbox: string | undefined
  readonly host: string | undefined
}

export interface FetchedEnvelope {
  readonly date: string | undefined
  readonly subject: string | undefined
  readonly from: readonly FetchedAddress[]
  readonly sender: readonly FetchedAddress[]
  readonly replyTo: readonly FetchedAddress[]
  readonly to: readonly FetchedAddress[]
  readonly cc: readonly FetchedAddress[]
  readonly bcc: readonly FetchedAddress[]
  readonly inReplyTo: string | undefined
  readonly messageId: string | undefined
}

export interface FetchedBody {
  readonly type: string
  readonly subtype: string
  readonly parameters: readonly (readonly [string, string])[]
  /** Of parts that are no multipart. */
  readonly octets?: number
  readonly lines?: number
  readonly encoding?: string
  readonly envelope?: FetchedEnvelope
  readonly message?: FetchedBody
  readonly children: readonly FetchedBody[]
}

export interface FetchedMessage {
  readonly number: number
  /** Values by name as it was sent: `UID`, `BODY[1]<0>`. */
  readonly items: ReadonlyMap<string, unknown>
}

/** Parses all FETCH responses of an output; other lines must be `* OK …`, `* FLAGS …` or `* n EXISTS`-like ones and are left out. */
export function parseFetches(output: string, options: {readonly utf8?: boolean} = {}): FetchedMessage[] {
  const parser = new Parser(output, options.utf8 ?? false)
  const messages: FetchedMessage[] = []
  while (!parser.atEnd) {
    const message = parser.response()
    if (message) messages.push(message)
  }
  return messages
}

class Parser {
  readonly #text: string
  readonly #utf8: boolean
  #at = 0

  constructor(text: string, utf8: boolean) {
    this.#text = text
    this.#utf8 = utf8
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  #fail(expected: string): never {
    throw new Error(`Expected ${expected} at ${this.#at}: ${JSON.stringify(this.#text.slice(Math.max(0, this.#at - 40), this.#at + 40))}`)
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #skip(word: string): void {
    if (!this.#text.startsWith(word, this.#at)) this.#fail(JSON.stringify(word))
    this.#at += word.length
  }

  #match(pattern: RegExp, what: string): string {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#text)
    if (!found) this.#fail(what)
    this.#at = sticky.lastIndex
    return found[0]
  }

  response(): FetchedMessage | undefined {
    this.#skip('* ')
    if (!/^[1-9][0-9]* FETCH /.test(this.#text.slice(this.#at, this.#at + 20))) {
      this.#match(/(?:OK|NO|FLAGS|[0-9]+ (?:EXISTS|RECENT|EXPUNGE))[\x01-\x09\x0b\x0c\x0e-\x7f]*\r\n/, 'a response')
      return undefined
    }
    const number = this.#number()
    this.#skip(' FETCH (')
    const items = new Map<string, unknown>()
    do {
      const name = this.#itemName()
      if (items.has(name)) this.#fail(`"${name}" once`)
      this.#skip(' ')
      items.set(name, this.#value(name))
    } while (this.#space())
    this.#skip(')\r\n')
    return {number, items}
  }

  #space(): boolean {
    if (this.#peek() !== ' ') return false
    this.#at += 1
    return true
  }

  #number(): number {
    return Number(this.#match(/0|[1-9][0-9]{0,9}/, 'a number'))
  }

  #itemName(): string {
    const name = this.#match(/[A-Z][A-Z0-9.]*/, 'an item')
    if (name !== 'BODY' || this.#peek() !== '[') return name
    this.#skip('[')
    let section = this.#match(
      /(?:[1-9][0-9]*(?:\.[1-9][0-9]*)*(?:\.(?:MIME|TEXT|HEADER(?:\.FIELDS(?:\.NOT)?)?))?|TEXT|HEADER(?:\.FIELDS(?:\.NOT)?)?)?/,
      'a section',
    )
    if (section.includes('FIELDS')) {
      this.#skip(' (')
      const names: string[] = []
      do names.push(this.#string())
      while (this.#space())
      this.#skip(')')
      section += ` (${names.join(' ')})`
    }
    this.#skip(']')
    const partial = this.#peek() === '<' ? this.#match(/<(?:0|[1-9][0-9]*)>/, 'a partial') : ''
    return `BODY[${section}]${partial}`
  }

  #value(name: string): unknown {
    if (name.startsWith('BODY[')) return this.#nstring()
    switch (name) {
      case 'FLAGS':
        return this.#flags()
      case 'UID':
      case 'RFC822.SIZE':
        return this.#number()
      case 'INTERNALDATE':
        return this.#match(
          /"(?: [1-9]|[0-3][0-9])-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] [+-][0-9]{4}"/,
          'a date-time',
        )
      case 'ENVELOPE':
        return this.#envelope()
      case 'BODY':
        return this.#body(false)
      case 'BODYSTRUCTURE':
        return this.#body(true)
      case 'RFC822':
      case 'RFC822.HEADER':
      case 'RFC822.TEXT':
        return this.#nstring()
      default:
        return this.#fail('a known item')
    }
  }

  #flags(): string[] {
    this.#skip('(')
    const flags: string[] = []
    if (this.#peek() !== ')') {
      do flags.push(this.#match(/\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+/, 'a flag'))
      while (this.#space())
    }
    this.#skip(')')
    return flags
  }

  #nstring(): string | undefined {
    if (!this.#text.startsWith('NIL', this.#at)) return this.#string()
    this.#at += 3
    return undefined
  }

  #string(): string {
    if (this.#peek() === '{') {
      this.#skip('{')
      const octets = this.#number()
      this.#skip('}\r\n')
      const literal = this.#text.slice(this.#at, this.#at + octets)
      if (literal.length < octets) this.#fail(`${octets} octets`)
      this.#at += octets
      return literal
    }
    const quoted = this.#match(
      this.#utf8 ? /"(?:[^\0\r\n"\\]|\\["\\])*"/ : /"(?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\["\\])*"/,
      'a string',
    )
    if (!isUtf8(Buffer.from(quoted, 'latin1'))) this.#fail('UTF-8')
    return quoted.slice(1, -1).replace(/\\(["\\])/g, '$1')
  }

  #envelope(): FetchedEnvelope {
    this.#skip('(')
    const date = this.#field(() => this.#nstring())
    const subject = this.#field(() => this.#nstring())
    const list = () => this.#field(() => this.#addresses())
    const [from, sender, replyTo, to, cc, bcc] = [list(), list(), list(), list(), list(), list()]
    const inReplyTo = this.#field(() => this.#nstring())
    const messageId = this.#nstring()
    this.#skip(')')
    return {date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId}
  }

  #field<T>(read: () => T): T {
    const value = read()
    this.#skip(' ')
    return value
  }

  #addresses(): FetchedAddress[] {
    if (this.#text.startsWith('NIL', this.#at)) {
      this.#at += 3
      return []
    }
    this.#skip('(')
    const addresses: FetchedAddress[] = []
    do {
      this.#skip('(')
      const name = this.#field(() => this.#nstring())
      const route = this.#field(() => this.#nstring())
      const mailbox = this.#field(() => this.#nstring())
      addresses.push({name, route, mailbox, host: this.#nstring()})
      this.#skip(')')
    } while (this.#peek() === '(')
    this.#skip(')')
    return addresses
  }

  #parameters(): (readonly [string, string])[] {
    if (this.#text.startsWith('NIL', this.#at)) {
      this.#at += 3
      return []
    }
    this.#skip('(')
    const list: (readonly [string, string])[] = []
    do {
      const name = this.#field(() => this.#string())
      list.push([name, this.#string()])
    } while (this.#space())
    this.#skip(')')
    return list
  }

  #body(extended: boolean): FetchedBody {
    this.#skip('(')
    const body = this.#peek() === '(' ? this.#multipart(extended) : this.#single(extended)
    this.#skip(')')
    return body
  }

  #multipart(extended: boolean): FetchedBody {
    const children: FetchedBody[] = []
    while (this.#peek() === '(') children.push(this.#body(extended))
    this.#skip(' ')
    const subtype = this.#string()
    let parameters: FetchedBody['parameters'] = []
    if (extended) {
      this.#skip(' ')
      parameters = this.#parameters()
      this.#extensions()
    }
    return {type: 'multipart', subtype, parameters, children}
  }

  #single(extended: boolean): FetchedBody {
    const type = this.#field(() => this.#string())
    const subtype = this.#field(() => this.#string())
    const parameters = this.#field(() => this.#parameters())
    this.#field(() => this.#nstring())
    this.#field(() => this.#nstring())
    const encoding = this.#field(() => this.#string())
    const octets = this.#number()
    const rest = this.#typeFields(type.toLowerCase(), subtype.toLowerCase(), extended)
    if (extended) {
      this.#skip(' ')
      this.#nstring()
      this.#extensions()
    }
    return {type, subtype, parameters, octets, encoding, children: [], ...rest}
  }

  #typeFields(type: string, subtype: string, extended: boolean): Partial<FetchedBody> {
    if (type === 'text') {
      this.#skip(' ')
      return {lines: this.#number()}
    }
    if (type !== 'message' || (subtype !== 'rfc822' && subtype !== 'global')) return {}
    this.#skip(' ')
    const envelope = this.#field(() => this.#envelope())
    const message = this.#field(() => this.#body(extended))
    return {envelope, message, lines: this.#number()}
  }

  /** Disposition and language, and a location if there is one. */
  #extensions(): void {
    this.#skip(' ')
    if (this.#peek() === '(') {
      this.#skip('(')
      this.#field(() => this.#string())
      this.#parameters()
      this.#skip(')')
    } else this.#nstring()
    this.#skip(' ')
    if (this.#peek() === '(') {
      this.#skip('(')
      do this.#string()
      while (this.#space())
      this.#skip(')')
    } else this.#nstring()
    if (this.#space()) this.#nstring()
  }
}
