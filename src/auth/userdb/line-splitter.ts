import {Fault} from '../../support/fault.js'

const LINE_FEED = 0x0a
/** Longest line of userdb text, octets. */
const MAX_LINE_OCTETS = 1024 * 1024

/** A line with its place in the file; `end` is after its LF, if it has one. */
export interface PlacedLine {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Cuts chunks of a file into lines, as octets (latin1). Memory is one chunk and one line. */
export class LineSplitter {
  readonly #path: string
  #rest: Buffer[] = []
  #restOctets = 0
  #start = 0

  constructor(path: string) {
    this.#path = path
  }

  /** @throws {Fault} `too-large` */
  *push(chunk: Buffer): Generator<PlacedLine> {
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      const piece = chunk.subarray(from, at)
      const text = this.#restOctets === 0 ? piece.toString('latin1') : Buffer.concat([...this.#rest, piece]).toString('latin1')
      yield this.#line(text, 1)
      this.#rest = []
      this.#restOctets = 0
      from = at + 1
    }
    if (from === chunk.length) return
    this.#rest.push(Buffer.from(chunk.subarray(from)))
    this.#restOctets += chunk.length - from
    if (this.#restOctets > MAX_LINE_OCTETS) throw new Fault('too-large', `${this.#path}: a line is longer than ${MAX_LINE_OCTETS} octets`)
  }

  /** The last line, when it has no LF. */
  *end(): Generator<PlacedLine> {
    if (this.#restOctets > 0) yield this.#line(Buffer.concat(this.#rest).toString('latin1'), 0)
  }

  #line(text: string, terminator: number): PlacedLine {
    const start = this.#start
    this.#start += text.length + terminator
    return {text, start, end: this.#start}
  }
}
