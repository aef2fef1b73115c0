import {workerFor} from './counted-memory.js'
import {LIMITS} from './limits.js'
import {asciiLower, isBlank, trimBlanks} from './octets.js'

const LF = 0x0a
const CR = 0x0d

/** One field of a header block: offsets into the block, continuation lines and line end included. */
export interface HeaderField {
  /** Lower-case; empty for lines that are no field (mbox `From ` lines, garbage). */
  readonly name: string
  readonly start: number
  /** After the colon. */
  readonly valueStart: number
  readonly end: number
}

/** Length of the header block at the start of the first `length` octets, empty line (LF or CRLF) included; all of them if there is none. */
export function headerLength(octets: Buffer, length = octets.length): number {
  if (length === 0) return 0
  if (octets[0] === LF) return 1
  if (octets[0] === CR && length > 1 && octets[1] === LF) return 2
  const worker = workerFor(octets)
  const start = octets.byteOffset
  for (let at = 0; at < length; ) {
    if (worker) at = worker.header(start + at, start + length, worker.told.byteOffset) - start
    at = nextLine(octets, at, length)
    if (at < length && octets[at] === LF) return at + 1
    if (at + 1 < length && octets[at] === CR && octets[at + 1] === LF) return at + 2
  }
  return length
}

/** Behind the next line end. */
function nextLine(octets: Buffer, from: number, end: number): number {
  let at = from
  while (at < end) if (octets[at++] === LF) break
  return at
}

function endOfField(header: string, start: number): number {
  let end = header.indexOf('\n', start) + 1
  while (end > 0 && end < header.length) {
    const first = header.charCodeAt(end)
    if (first !== 0x20 && first !== 0x09) return end
    end = header.indexOf('\n', end) + 1
  }
  return end === 0 ? header.length : end
}

/**
 * Where the value of the field at `start` begins; `start` itself when there is no field: a name is printable ASCII without colon
 * (RFC 5322 §2.2); blanks before the colon are obsolete, but seen.
 */
function valueStartOf(header: string, start: number, end: number): number {
  let colon = start
  while (colon < end && isNameOctet(header.charCodeAt(colon))) colon += 1
  if (colon === start) return start
  while (colon < end && (header.charCodeAt(colon) === 0x20 || header.charCodeAt(colon) === 0x09)) colon += 1
  return colon < end && header.charCodeAt(colon) === 0x3a ? colon + 1 : start
}

function isNameOctet(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== 0x3a
}

/** The name of a field in lower case, without the blanks before its colon. */
function nameIn(header: string, start: number, valueStart: number): string {
  let end = valueStart - 1
  while (end > start && !isNameOctet(header.charCodeAt(end - 1))) end -= 1
  return header.slice(start, Math.max(start, end)).toLowerCase()
}

/**
 * Splits a header block into its fields, in order. The empty line is in none of them; everything else is in exactly one.
 *
 * At most `LIMITS.headerFields` fields; what follows belongs to a last one without a name.
 */
export function splitHeader(header: string): HeaderField[] {
  const fields: HeaderField[] = []
  let start = 0
  while (start < header.length) {
    const first = header.charCodeAt(start)
    if (first === 0x0a || (first === 0x0d && header.charCodeAt(start + 1) === 0x0a)) break
    if (fields.length >= LIMITS.headerFields) {
      fields.push({name: '', start, valueStart: start, end: header.length})
      break
    }
    const end = endOfField(header, start)
    const valueStart = valueStartOf(header, start, end)
    fields.push({name: nameIn(header, start, valueStart), start, valueStart, end})
    start = end
  }
  return fields
}

/**
 * A field's value on one line: each line break with the blanks after it becomes one space, NUL becomes a space, both
 * ends are trimmed (`spec/imap.md` §13.6, §25.2).
 */
export function unfold(raw: string): string {
  return unfolded(raw, 0, raw.length)
}

/** The value of a field, unfolded. */
export function fieldValue(header: string, {valueStart, end}: Pick<HeaderField, 'valueStart' | 'end'>): string {
  return unfolded(header, valueStart, end)
}

/** A stretch of a text unfolded: mostly it is on one line already, and only cut out. */
function unfolded(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  const value = text.slice(start, end)
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x0a || code === 0x0d || code === 0) return value.replace(/\r?\n[ \t]*/g, ' ').replace(/[\r\0]/g, ' ')
  }
  return value
}

function withEmptyLine(header: string, fields: readonly HeaderField[]): string {
  const text = fields.map(({start, end}) => header.slice(start, end)).join('')
  return text === '' || text.endsWith('\n') ? `${text}\n` : `${text}\n\n`
}

/**
 * HEADER.FIELDS and HEADER.FIELDS.NOT: whole fields as stored, in order, and an empty line (RFC 3501 §6.4.5).
 *
 * Lines that are no field are in no selection but in every complement.
 */
export function selectFields(header: string, names: readonly string[], {not = false}: {readonly not?: boolean} = {}): string {
  const wanted = new Set(names.map((name) => asciiLower(trimBlanks(name))))
  return withEmptyLine(
    header,
    splitHeader(header).filter(({name}) => (name !== '' && wanted.has(name)) !== not),
  )
}

/** `BODY[n.MIME]`: the fields MIME-Version and Content-*, and an empty line (`spec/imap.md` §13.4). */
export function selectMimeFields(header: string): string {
  return withEmptyLine(
    header,
    splitHeader(header).filter(({name}) => name === 'mime-version' || name.startsWith('content-')),
  )
}

/** Values of all fields of one name (lower-case), unfolded, in order. */
export function valuesOf(header: string, name: string): string[] {
  return splitHeader(header)
    .filter((field) => field.name === name)
    .map((field) => fieldValue(header, field))
}

/** Skips blanks and comments (nested, RFC 5322 §3.2.2) from `at`; an open comment ends with the text. */
export function skipComments(text: string, at: number): number {
  let depth = 0
  let i = at
  for (; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0x28) depth += 1
    else if (depth === 0 && !isBlank(code)) break
    else if (code === 0x29) depth -= 1
    else if (code === 0x5c && depth > 0) i += 1
  }
  return Math.min(i, text.length)
}
