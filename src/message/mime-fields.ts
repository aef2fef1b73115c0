import {skipComments, unfold} from './headers.js'
import {LIMITS} from './limits.js'
import {asciiLower, trimBlanks} from './octets.js'
import type {Parameters} from './structure.js'

const QUOTE = 0x22
const OPEN = 0x28
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/** A value with parameters: `text/plain; charset=utf-8`, `attachment; filename=x`. */
export interface MimeValue {
  /** What stands before the first `;`, lower-case, without blanks and comments. */
  readonly value: string
  readonly parameters: Parameters
}

const NOTHING: MimeValue = {value: '', parameters: []}

/** Content-Type taken apart, lower-case; a type without `/` has the subtype `""` (`spec/imap.md` §13.7). */
export interface MediaType {
  readonly type: string
  readonly subtype: string
  readonly parameters: Parameters
}

/** End of the quoted string that starts at `at`: after the closing quote, or the end of the text. */
export function endOfQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0x5c) i += 1
    else if (code === 0x22) return i + 1
  }
  return text.length
}

/** Content of a quoted string without quotes and backslashes. */
export function unquote(quoted: string): string {
  const inner = quoted.length > 1 && quoted.endsWith('"') ? quoted.slice(1, -1) : quoted.slice(1)
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner
}

/**
 * Reads up to one of two characters outside comments and quotes. Comments are left out; a quoted string ends the value,
 * what follows it is garbage.
 */
function readUntil(text: string, from: number, stop: number, otherStop = stop): {read: string; at: number} {
  let read = ''
  let hasEnded = false
  let at = from
  while (at < text.length) {
    const start = at
    const first = text.charCodeAt(at)
    if (first === stop || first === otherStop) break
    if (first === OPEN) at = skipComments(text, at)
    else if (first === QUOTE) {
      at = endOfQuoted(text, at)
      if (!hasEnded) read = trimBlanks(read) + unquote(text.slice(start, at))
      hasEnded = true
    } else {
      for (let code = first; code !== QUOTE && code !== OPEN && code !== stop && code !== otherStop; code = text.charCodeAt(at)) {
        at += 1
        if (at >= text.length) break
      }
      if (!hasEnded) read += text.slice(start, at)
    }
  }
  return {read: hasEnded ? read : trimBlanks(read), at}
}

/**
 * Takes a MIME field's value apart (RFC 2045 §5.1): comments are skipped, quoted strings unquoted; without quotes a
 * value runs to the next `;` (names with spaces are common). At most `LIMITS.parameters`; linear time.
 */
export function parseMimeValue(raw: string): MimeValue {
  if (raw === '') return NOTHING
  const text = unfold(raw)
  const first = readUntil(text, 0, SEMICOLON)
  const parameters: [string, string][] = []
  let at = first.at
  while (at < text.length && parameters.length < LIMITS.parameters) {
    const name = readUntil(text, at + 1, SEMICOLON, EQUALS)
    at = name.at
    if (text.charCodeAt(at) !== EQUALS) continue
    const value = readUntil(text, at + 1, SEMICOLON)
    at = value.at
    if (name.read !== '') parameters.push([asciiLower(name.read), value.read.slice(0, LIMITS.valueOctets)])
  }
  return {value: asciiLower(first.read).slice(0, LIMITS.valueOctets), parameters}
}

/** What stands before the first blank: after it, a semicolon was forgotten. */
function firstWord(text: string): string {
  return trimBlanks(text).split(/[ \t]/, 1)[0]!
}

/** Content-Type; undefined when the value is empty. */
export function parseMediaType(raw: string): MediaType | undefined {
  const {value, parameters} = parseMimeValue(raw)
  if (value === '') return undefined
  const slash = value.indexOf('/')
  if (slash < 0) return {type: firstWord(value), subtype: '', parameters}
  return {type: trimBlanks(value.slice(0, slash)), subtype: firstWord(value.slice(slash + 1)), parameters}
}

/** Value of a parameter by its lower-case name. */
export function parameter(parameters: Parameters, name: string): string | undefined {
  return parameters.find(([each]) => each === name)?.[1]
}

/** Content-Transfer-Encoding judged by its first letters, anything unknown as written (`spec/imap.md` §13.5). */
export function normalEncoding(raw: string): string {
  const written = parseMimeValue(raw).value
  if (written === '') return '7bit'
  if (written.startsWith('7')) return '7bit'
  if (written.startsWith('8') || written.startsWith('bi')) return '8bit'
  if (written.startsWith('q')) return 'quoted-printable'
  if (written.startsWith('b')) return 'base64'
  return trimBlanks(unfold(raw)).slice(0, LIMITS.valueOctets)
}

/** Is the value a MIME-Version that this parser follows: `1.` and anything (`spec/imap.md` §13.5)? */
export function isMimeVersion(raw: string): boolean {
  return /^1[ \t]*\./.test(parseMimeValue(raw).value)
}
