import {fieldValue, type HeaderField} from './headers.js'
import {LIMITS} from './limits.js'
import {asciiLower, trimBlanks} from './octets.js'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a
const CR_LF = 0x0d0a
const NOTHING: DataView = new DataView(new ArrayBuffer(0))

/** Names of header fields that are wanted, prepared for many headers. */
export class FieldNames {
  /** By the first octet of a line, in either case: the wanted names that begin so. */
  readonly #byInitial: (readonly string[] | undefined)[] = new Array(256).fill(undefined)
  readonly #names: readonly string[]
  /** The same names as octets. */
  readonly #octets: (readonly Buffer[] | undefined)[]
  /** On the memory that was read and written last: mostly it is the same again. */
  #from: DataView = NOTHING
  #into: DataView = NOTHING

  /** Case does not count; blanks around a name neither. */
  constructor(names: readonly string[]) {
    this.#names = names.map((each) => asciiLower(trimBlanks(each)))
    for (const name of new Set(this.#names)) {
      if (!isName(name)) continue
      for (const initial of new Set([name.charCodeAt(0), name.toUpperCase().charCodeAt(0)]))
        this.#byInitial[initial] = [...(this.#byInitial[initial] ?? []), name]
    }
    this.#octets = this.#byInitial.map((all) => all && octetsOf(all))
  }

  /** The wanted fields of a header block, in order: those of `splitHeader`, many times as fast because no other line is looked at. */
  in(header: string): HeaderField[] {
    const found: HeaderField[] = []
    let fields = 0
    for (let start = 0; start < header.length && fields < LIMITS.headerFields; ) {
      const first = header.charCodeAt(start)
      if (first === LF || (first === CR && header.charCodeAt(start + 1) === LF)) break
      if (first !== SPACE && first !== TAB) fields += 1
      const field = this.#byInitial[first] && this.#fieldAt(header, start)
      if (field) {
        found.push(field)
        start = field.end
        continue
      }
      const lineFeed = header.indexOf('\n', start)
      if (lineFeed < 0) break
      start = lineFeed + 1
    }
    return found
  }

  /** Values of the first field of each wanted name, unfolded, in the order of the names; undefined where there is none. */
  values(header: string): (string | undefined)[] {
    const values = new Array<string | undefined>(this.#names.length).fill(undefined)
    for (const field of this.in(header)) {
      const place = this.#names.indexOf(field.name)
      values[place] ??= fieldValue(header, field)
    }
    return values
  }

  /**
   * HEADER.FIELDS: puts the wanted fields and an empty line (RFC 3501 §6.4.5) into `target` from `at` on, each LF as CRLF
   * (`spec/imap.md` §13.3); answers where they end. The target must have room for twice the octets of the header and four more.
   */
  write(header: Buffer, target: Buffer, at: number): number {
    if (this.#from.buffer !== header.buffer) this.#from = new DataView(header.buffer)
    if (this.#into.buffer !== target.buffer) this.#into = new DataView(target.buffer)
    const [source, into] = [this.#from, this.#into]
    const start = header.byteOffset
    const end = start + header.length
    let from = start
    let to = target.byteOffset + at
    for (let fields = 0; from < end && fields < LIMITS.headerFields; ) {
      const first = source.getUint8(from)
      if (first === LF || (first === CR && from + 1 < end && source.getUint8(from + 1) === LF)) break
      if (!isBlank(first)) fields += 1
      if (!this.#isWanted(header, from - start)) {
        from = nextLine(source, from, end)
        continue
      }
      do {
        const next = copyLine(source, from, end, into, to)
        to += next - from
        if (source.getUint8(next - 1) === LF) to -= 1
        into.setUint16(to, CR_LF)
        to += 2
        from = next
      } while (from < end && isBlank(source.getUint8(from)))
    }
    into.setUint16(to, CR_LF)
    return to + 2 - target.byteOffset
  }

  #isWanted(header: Buffer, start: number): boolean {
    const names = this.#octets[header[start] as number]
    if (names === undefined) return false
    for (const name of names) if (beginsWith(header, start, name)) return true
    return false
  }

  #fieldAt(header: string, start: number): HeaderField | undefined {
    for (const name of this.#byInitial[header.charCodeAt(start)] ?? []) {
      let colon = start + name.length
      // Most names are told apart by their length.
      if (colon >= header.length || !mayFollowName(header.charCodeAt(colon)) || !isNameAt(header, start, name)) continue
      while (isBlank(header.charCodeAt(colon))) colon += 1
      if (header.charCodeAt(colon) === COLON) return {name, start, valueStart: colon + 1, end: endOfField(header, colon)}
    }
    return undefined
  }
}

function mayFollowName(code: number): boolean {
  return code === COLON || isBlank(code)
}

/** The text at `start`, which is long enough, is this name. */
function isNameAt(header: string, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at += 1) if (lower(header.charCodeAt(start + at)) !== name.charCodeAt(at)) return false
  return true
}

/** One by one: arrays that `map` makes have one shape or another, and what goes through them is compiled for each. */
function octetsOf(names: readonly string[]): Buffer[] {
  const octets: Buffer[] = []
  for (const name of names) octets.push(Buffer.from(name, 'latin1'))
  return octets
}

/** Not 0 when one of four octets, the lowest first, is an LF: its lowest bit is in the first of them. */
function lineFeedIn(four: number): number {
  const others = four ^ 0x0a0a0a0a
  return (others - 0x01010101) & ~others & 0x80808080
}

/** How many octets stand before the LF that was found. */
function octetsBefore(lineFeed: number): number {
  return (31 - Math.clz32(lineFeed & -lineFeed)) >> 3
}

/** Where the line behind the one at `from` begins. Lines are short: a call that looks for the octet costs more than this. */
function nextLine(source: DataView, from: number, end: number): number {
  let at = from
  for (; at + 4 <= end; at += 4) {
    const lineFeed = lineFeedIn(source.getInt32(at, true))
    if (lineFeed !== 0) return at + octetsBefore(lineFeed) + 1
  }
  while (at < end) if (source.getUint8(at++) === LF) break
  return at
}

/** The same, and copies the line to `to`. Three octets behind it may be changed, never more than four for each four that were read. */
function copyLine(source: DataView, from: number, end: number, into: DataView, to: number): number {
  let at = from
  const shift = to - from
  for (; at + 4 <= end; at += 4) {
    const four = source.getInt32(at, true)
    into.setInt32(at + shift, four, true)
    const lineFeed = lineFeedIn(four)
    if (lineFeed !== 0) return at + octetsBefore(lineFeed) + 1
  }
  while (at < end) {
    const octet = source.getUint8(at)
    into.setUint8(at++ + shift, octet)
    if (octet === LF) break
  }
  return at
}

/** The field at `start` has this name. No octet behind the end is looked at: that would be slow. */
function beginsWith(header: Buffer, start: number, name: Buffer): boolean {
  let at = start
  for (let i = 0; i < name.length; i += 1, at += 1) {
    if (at >= header.length || lower(header[at] as number) !== name[i]) return false
  }
  while (at < header.length && isBlank(header[at] as number)) at += 1
  return at < header.length && header[at] === COLON
}

/** A to Z in lower case. */
function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}

function isName(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) if (!isNameOctet(name.charCodeAt(at))) return false
  return name !== ''
}

/** Printable ASCII without colon (RFC 5322 §2.2). */
function isNameOctet(code: number): boolean {
  return code > SPACE && code < 0x7f && code !== COLON
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** After the line end of the field's last line. */
function endOfField(header: string, from: number): number {
  let lineFeed = header.indexOf('\n', from)
  while (lineFeed >= 0 && isBlank(header.charCodeAt(lineFeed + 1))) lineFeed = header.indexOf('\n', lineFeed + 1)
  return lineFeed < 0 ? header.length : lineFeed + 1
}
