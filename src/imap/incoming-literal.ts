import {BadSyntax, Hangup} from '../support/fault.js'
import type {Channel} from '../wire/channel.js'
import {LIMITS, TIMES} from '../wire/limits.js'

/** What `{n}` at the end of a line says (RFC 3501 §9, RFC 7888 §3, RFC 3516 §4.4). */
export interface Announcement {
  readonly size: number
  /** `{n+}` does not: the client sends without waiting for `+`. */
  readonly waits: boolean
  /** `~{n}`: NUL is allowed. */
  readonly binary: boolean
}

/** Where a literal marker begins, and what it says. */
export interface Announced {
  readonly at: number
  readonly announcement: Announcement
}

const MARKER = /(~?)\{(\d{1,20})(\+?)\}$/

/**
 * Place of the literal marker that ends a line and what it says; undefined without one, and inside an open quoted string.
 *
 * `cut`: the text is only the end of a line, so quotes say nothing.
 */
export function findAnnouncement(text: string, {cut = false}: {readonly cut?: boolean} = {}): Announced | undefined {
  if (!text.endsWith('}')) return undefined
  const match = MARKER.exec(text.slice(-24))
  if (!match || (!cut && endsInQuotes(text))) return undefined
  const [marker, tilde, digits, plus] = match
  return {at: text.length - marker.length, announcement: {size: Number(digits), waits: plus === '', binary: tilde === '~'}}
}

function endsInQuotes(text: string): boolean {
  let open = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (open && text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) open = !open
  }
  return open
}

export interface IncomingOptions {
  readonly channel: Channel
  readonly maxLineOctets: number
  /** Tells a waiting client to send. */
  readonly invite: () => Promise<void>
}

/** A literal on its way: nothing of it is read until somebody asks. */
export class IncomingLiteral {
  readonly size: number
  readonly binary: boolean
  readonly #options: IncomingOptions
  #left: number
  /** The client waits for `+`. */
  #waits: boolean
  /** The rest of the command has been read. */
  #ended = false

  constructor({size, waits, binary}: Announcement, options: IncomingOptions) {
    this.size = size
    this.binary = binary
    this.#left = size
    this.#waits = waits
    this.#options = options
  }

  /** The literal's octets as they come. Asks for them first. @throws {Hangup} */
  async *chunks(): AsyncGenerator<Buffer, void> {
    if (this.#waits) await this.#options.invite()
    this.#waits = false
    while (this.#left > 0) yield await this.#next()
  }

  async #next(): Promise<Buffer> {
    const chunk = await this.#options.channel.read(this.#left, {withinMs: TIMES.commandMs})
    if (!chunk) throw new Hangup('closed')
    this.#left -= chunk.length
    return chunk
  }

  /** The whole literal. Its size must have been checked. */
  async whole(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.chunks()) chunks.push(chunk)
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  }

  /** Text of the line after the literal. @throws {BadSyntax} it is too long */
  async rest(): Promise<string> {
    const {channel, maxLineOctets} = this.#options
    const line = await channel.readLine(maxLineOctets, {withinMs: TIMES.commandMs})
    if (!line) throw new Hangup('closed')
    const text = (line.cut ? line.tail : line.bytes).toString('latin1')
    const next = findAnnouncement(text, line)
    this.#ended = !next
    if (next) await this.#skipNext(next.announcement)
    if (line.cut) throw new BadSyntax('The line is too long')
    return text
  }

  /** Another literal where none belongs. */
  async #skipNext(announcement: Announcement): Promise<void> {
    const next = new IncomingLiteral(announcement, this.#options)
    this.#ended = true
    await next.discard()
  }

  /**
   * Reads and throws away what the client sends of the command in any case, so that the next line is the next command.
   *
   * @throws {Hangup} `limit`: more than is worth reading
   */
  async discard(): Promise<void> {
    let literal: IncomingLiteral = this
    let budget: number = LIMITS.discarded
    while (!literal.#waits && !literal.#ended) {
      budget -= literal.#left
      if (budget < 0) throw new Hangup('limit', 'More octets than are read for a refused command')
      while (literal.#left > 0) await literal.#next()
      const line = await this.#options.channel.readLine(this.#options.maxLineOctets, {withinMs: TIMES.commandMs})
      if (!line) throw new Hangup('closed')
      const next = findAnnouncement((line.cut ? line.tail : line.bytes).toString('latin1'), line)
      if (!next) return
      literal = new IncomingLiteral(next.announcement, this.#options)
    }
  }
}
