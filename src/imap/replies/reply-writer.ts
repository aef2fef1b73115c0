import {encodeMailbox} from '../mailbox-name.js'

/** Where replies go: `src/wire/` with back-pressure. */
export interface ReplySink {
  /** Writes in order; answers when the next may come, undefined: at once. @throws {Hangup} the peer is gone or takes too long */
  write(chunks: readonly Buffer[]): Promise<void> | undefined
}

/** How stored octets become those of the wire. */
export interface WireForm {
  /** Puts them into `target` from `at` on, at most two for each of `stored` and four; answers where they end. */
  write(stored: Buffer, target: Buffer, at: number): number
}

const CR = 0x0d
const LF = 0x0a
const END_OF_LINE = '\r\n'

/** Collected octets from which `full` says that it is time for `flush`. */
const FULL_OCTETS = 128 * 1024
/** Memory that a long reply is put together in, piece after piece: new memory for each would have to be touched page by page. */
const SLAB_OCTETS = 320 * 1024
/** Stored octets whose wire form has room in a slab that is not full, whatever they are. */
const ROOM_OCTETS = (SLAB_OCTETS - FULL_OCTETS) / 2 - 1024
/** Room for `{n}`, its line end and what surrounds it. */
const NUMBER_OCTETS = 32
/** Buffers from this size are passed on as they are, smaller ones are copied together. */
const OWN_CHUNK_OCTETS = 8 * 1024

/**
 * Puts replies together and hands them on as few large Buffers.
 *
 * Strings are latin1, one character for each octet. What comes from a client, a message or a file goes through
 * `string`, `quoted`, `literal` or `mailbox`; `text` is for our own words and numbers. After each line of a long reply:
 * `if (out.full) await out.flush()`.
 */
export class ReplyWriter {
  readonly #sink: ReplySink
  /** Names of mailboxes and strings may be UTF-8 (RFC 6855). */
  utf8 = false
  #chunks: Buffer[] = []
  #chunkOctets = 0
  /** There while a long reply is being written. */
  #slab: Buffer | undefined
  /** Where what is not in `#chunks` yet begins and ends in the slab. */
  #slabStart = 0
  #slabEnd = 0
  #text = ''
  /** The last octets that were closed. */
  #end = END_OF_LINE
  /** Of the number of the last literal that lies in the slab. */
  #digits = 3

  constructor(sink: ReplySink) {
    this.#sink = sink
  }

  /** There is enough for a write. */
  get full(): boolean {
    return this.#chunkOctets + this.#slabEnd - this.#slabStart + this.#text.length >= FULL_OCTETS
  }

  /** No line has been begun. Literals are not looked into: inside one it may say so wrongly. */
  get atLineStart(): boolean {
    return (this.#text === '' ? this.#end : this.#text).endsWith('\r\n')
  }

  /** Words of ours, as they are. */
  text(text: string): this {
    this.#text += text
    return this
  }

  /** A whole line of ours. */
  line(text: string): this {
    return this.text(`${text}\r\n`)
  }

  /** Octets as they are. The Buffer must not change until `flush` has answered. */
  bytes(bytes: Buffer): this {
    if (bytes.length < OWN_CHUNK_OCTETS) return this.text(bytes.toString('latin1'))
    this.#closeText()
    this.#closeSlab()
    this.#chunks.push(bytes)
    this.#chunkOctets += bytes.length
    this.#end = bytes.toString('latin1', bytes.length - 2)
    return this
  }

  /** A quoted string where RFC 3501 §9 allows one, else a literal. */
  string(value: string): this {
    return canBeQuoted(value, this.utf8) ? this.quoted(value) : this.literal(value)
  }

  /** `string`, or NIL for undefined. */
  nstring(value: string | undefined): this {
    return value === undefined ? this.text('NIL') : this.string(value)
  }

  /** A quoted string; for values that hold no CR, LF or NUL. */
  quoted(value: string): this {
    return this.text(`"${value.replace(/["\\]/g, '\\$&')}"`)
  }

  literal(value: string | Buffer): this {
    this.text(`{${value.length}}\r\n`)
    return typeof value === 'string' ? this.text(value) : this.bytes(value)
  }

  /** Name of a mailbox in the session's encoding. */
  mailbox(name: string): this {
    return this.string(encodeMailbox(name, {utf8: this.utf8}))
  }

  /** So much has been written that more is likely to come. */
  get isLong(): boolean {
    return this.#slab !== undefined
  }

  /**
   * `label {n}` and stored octets in a form in which they go over the wire. False, and nothing is written: there are too
   * many of them, or the writer is full.
   */
  storedLiteral(label: string, stored: Buffer, form: WireForm): boolean {
    if (stored.length > ROOM_OCTETS || this.full) return false
    const slab = this.#useSlab()
    const head = `${this.#text}${label} {`
    if (SLAB_OCTETS - this.#slabEnd < head.length + NUMBER_OCTETS + 2 * stored.length) return false
    // What comes before the octets is written when their number is known; most are as many digits as the last one.
    let start = this.#slabEnd + head.length + this.#digits + 3
    let end = form.write(stored, slab, start)
    const number = `${end - start}`
    if (number.length !== this.#digits) {
      const moved = start + number.length - this.#digits
      slab.copyWithin(moved, start, end)
      end += moved - start
      start = moved
      this.#digits = number.length
    }
    slab.write(`${head}${number}}\r\n`, this.#slabEnd, 'latin1')
    this.#text = ''
    this.#slabEnd = end
    this.#end = END_OF_LINE
    if (slab[end - 1] !== LF || slab[end - 2] !== CR) this.#end = slab.toString('latin1', end - 2, end)
    return true
  }

  #useSlab(): Buffer {
    this.#slab ??= Buffer.allocUnsafeSlow(SLAB_OCTETS)
    return this.#slab
  }

  /** Puts the text into the slab when there is room, else into a chunk. */
  #closeText(): void {
    if (this.#text === '') return
    const {length} = this.#text
    this.#end = this.#text.slice(-2)
    if (this.#slab && this.#slabEnd + length <= SLAB_OCTETS) {
      this.#slabEnd += this.#slab.write(this.#text, this.#slabEnd, 'latin1')
    } else {
      this.#closeSlab()
      this.#chunks.push(Buffer.from(this.#text, 'latin1'))
      this.#chunkOctets += length
    }
    this.#text = ''
  }

  #closeSlab(): void {
    if (!this.#slab || this.#slabEnd === this.#slabStart) return
    this.#chunks.push(this.#slab.subarray(this.#slabStart, this.#slabEnd))
    this.#chunkOctets += this.#slabEnd - this.#slabStart
    this.#slabStart = this.#slabEnd
  }

  /** Sends what was collected; answers when the client has taken enough of it, undefined: at once. @throws {Hangup} */
  flush(): Promise<void> | undefined {
    const isLong = this.full
    if (isLong) this.#useSlab()
    this.#closeText()
    this.#closeSlab()
    if (this.#chunks.length === 0) return undefined
    const chunks = this.#chunks
    const slab = this.#slab
    this.#chunks = []
    this.#chunkOctets = 0
    this.#slab = undefined
    this.#slabStart = 0
    this.#slabEnd = 0
    const written = this.#sink.write(chunks)
    if (!isLong) return written
    // More is to come, and nobody needs these octets any more.
    if (written !== undefined)
      return written.then(() => {
        this.#slab ??= slab
      })
    this.#slab ??= slab
    return undefined
  }
}

/** RFC 3501 §9: a quoted string has no CR, LF, NUL or octet above 0x7F; after `ENABLE UTF8=ACCEPT` UTF-8 may stand in it. */
function canBeQuoted(value: string, utf8: boolean): boolean {
  return !(utf8 ? /[\0\r\n]/ : /[\0\r\n\x80-\xff]/).test(value)
}
