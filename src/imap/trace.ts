/** An IMAP session's octets as lines to read: without passwords, and by default without what is inside messages. */
import {withoutControls} from '../support/printable.js'
import type {TraceLine, TraceOptions, WireTap} from '../wire/live-session.js'
import {findAnnouncement} from './incoming-literal.js'

/** Octets of a line that are shown. */
const MAX_SHOWN = 2_000
/** Literals up to this size are names and search words, shown whole. */
const SHORT_LITERAL = 64
/** Octets of a literal that are shown of longer ones, when contents are wanted. */
const MAX_CONTENT = 1024 * 1024

/** `inside`: it goes on with a command or reply whose first line came before. */
type Put = (text: string, inside: boolean) => void

/** Puts the octets of one direction together to lines, over literals, in bounded memory. */
class Lines {
  readonly #put: Put
  readonly #contents: boolean
  /** Beginning of the line that has not ended, and how much of it came in all. */
  #line = ''
  #lineOctets = 0
  /** The last octets of it, where a literal would be announced. */
  #tail = ''
  #literalLeft = 0
  #literalSize = 0
  #literal = ''
  /** The line follows a literal. */
  #inside = false

  constructor(put: Put, {contents}: TraceOptions) {
    this.#put = put
    this.#contents = contents
  }

  feed(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += this.#literalLeft > 0 ? this.#feedLiteral(bytes, at) : this.#feedLine(bytes, at)
  }

  #feedLine(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(0x0a, at)
    const end = found < 0 ? bytes.length : found
    const room = Math.max(0, MAX_SHOWN - this.#line.length)
    this.#line += bytes.toString('latin1', at, Math.min(end, at + room))
    this.#lineOctets += end - at
    this.#tail = (this.#tail + bytes.toString('latin1', Math.max(at, end - SHORT_LITERAL), end)).slice(-SHORT_LITERAL)
    if (found < 0) return end - at
    this.#endLine()
    return end + 1 - at
  }

  #endLine(): void {
    const tail = this.#tail.replace(/\r$/, '')
    const line = this.#line.replace(/\r$/, '')
    const whole = this.#lineOctets <= MAX_SHOWN
    const {announcement} = findAnnouncement(whole ? line : tail, {cut: !whole}) ?? {}
    this.#put(whole ? line : `${line}… [${this.#lineOctets} octets]`, this.#inside)
    this.#inside = announcement !== undefined
    this.#line = ''
    this.#tail = ''
    this.#lineOctets = 0
    this.#literal = ''
    this.#literalSize = announcement?.size ?? 0
    this.#literalLeft = this.#literalSize
  }

  #feedLiteral(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#literalLeft, bytes.length - at)
    const wanted = this.#contents ? MAX_CONTENT : this.#literalSize <= SHORT_LITERAL ? SHORT_LITERAL : 0
    const room = Math.max(0, wanted - this.#literal.length)
    this.#literal += bytes.toString('latin1', at, at + Math.min(taken, room))
    this.#literalLeft -= taken
    if (this.#literalLeft === 0) this.#endLiteral()
    return taken
  }

  #endLiteral(): void {
    if (this.#literal !== '') for (const line of this.#literal.split(/\r?\n/)) this.#put(line, true)
    if (this.#literal.length < this.#literalSize) this.#put(`[literal of ${this.#literalSize} octets]`, true)
    this.#literal = ''
  }
}

/** Commands whose arguments are secret, in whatever state they come. */
const SECRET = /^(\S+ +(?:LOGIN|AUTHENTICATE))(?: .*)?$/i

/**
 * Hides what may be a password: arguments of LOGIN and AUTHENTICATE, and lines that are no command, as a client sends them that goes on
 * with a SASL exchange which was refused.
 */
class Secrets {
  readonly #put: (text: string) => void
  #hidden = false

  constructor(put: (text: string) => void) {
    this.#put = put
  }

  line(text: string, inside: boolean): void {
    if (!inside) this.#first(text)
    else if (!this.#hidden) this.#put(text)
  }

  #first(text: string): void {
    const secret = SECRET.exec(text)
    this.#hidden = secret !== null
    if (secret) this.#put(`${secret[1]} [not shown]`)
    else if (text.includes(' ') || /^DONE$/i.test(text)) this.#put(text)
    else this.#put('[a line that is no command]')
  }
}

/** Octets that a terminal would obey become `.`; the others are shown as UTF-8 where they are that. */
function readable(text: string): string {
  return withoutControls(Buffer.from(text, 'latin1').toString('utf8'))
}

/** What a session's wire says as lines. */
export function imapTap(line: TraceLine, options: TraceOptions): WireTap {
  const secrets = new Secrets((text) => line('client', readable(text)))
  const received = new Lines((text, inside) => secrets.line(text, inside), options)
  const sent = new Lines((text) => line('server', readable(text)), options)
  return {received: (bytes) => received.feed(bytes), sent: (bytes) => sent.feed(bytes)}
}
