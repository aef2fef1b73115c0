import {fieldValue, type HeaderField} from './headers.js'
import {LIMITS} from './limits.js'
import {asciiLower, trimBlanks} from './octets.js'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** Names of header fields that are wanted, prepared for many headers. */
export class FieldNames {
  /** By the first octet of a line, in either case: the wanted names that begin so. */
  readonly #byInitial: (readonly string[] | undefined)[] = new Array(256).fill(undefined)

  /** Case does not count; blanks around a name neither. */
  constructor(names: readonly string[]) {
    for (const name of new Set(names.map((each) => asciiLower(trimBlanks(each))))) {
      if (!isName(name)) continue
      for (const initial of new Set([name.charCodeAt(0), name.toUpperCase().charCodeAt(0)]))
        this.#byInitial[initial] = [...(this.#byInitial[initial] ?? []), name]
    }
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

  #fieldAt(header: string, start: number): HeaderField | undefined {
    for (const name of this.#byInitial[header.charCodeAt(start)] ?? []) {
      let colon = start
      while (colon - start < name.length && lower(header.charCodeAt(colon)) === name.charCodeAt(colon - start)) colon += 1
      if (colon - start < name.length) continue
      while (isBlank(header.charCodeAt(colon))) colon += 1
      if (header.charCodeAt(colon) === COLON) return {name, start, valueStart: colon + 1, end: endOfField(header, colon)}
    }
    return undefined
  }
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

/** Values of the first field of each wanted name (lower-case), unfolded. */
export function firstValues(header: string, names: FieldNames): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const field of names.in(header)) if (!values.has(field.name)) values.set(field.name, fieldValue(header, field))
  return values
}

/** HEADER.FIELDS: the wanted fields and an empty line (RFC 3501 §6.4.5), each LF as CRLF (`spec/imap.md` §13.3). */
export function namedOnWire(header: string, names: FieldNames): string {
  const lines: string[] = []
  for (const {start, end} of names.in(header)) {
    const last = header.charCodeAt(end - 1) === LF ? end - 1 : end
    const field = header.slice(start, last)
    const isFolded = header.indexOf('\n', start) < last
    lines.push(isFolded ? field.replaceAll('\n', '\r\n') : field)
  }
  lines.push('', '')
  return lines.join('\r\n')
}
