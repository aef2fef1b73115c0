import {encodeEightBit, unicodeOf} from './encoded-words.js'

/** How text with octets above 0x7F is sent: RFC 2047, or raw UTF-8 after `ENABLE UTF8=ACCEPT` (RFC 6855 §3). */
export type TextMode = 'encoded' | 'utf8'

/** Renders a header value (one character for each octet) as a reply's string, also one character for each octet. */
export type RenderString = (value: string) => string

/** Header values as `string` of RFC 3501 §9 in the session's mode. */
export function stringRenderer(mode: TextMode): RenderString {
  return mode === 'utf8' ? utf8String : asciiString
}

/** `NIL` for a missing or empty value (`spec/imap.md` §13.6), else the string. */
export function nstring(value: string | undefined, render: RenderString): string {
  return value === undefined || value === '' ? 'NIL' : render(value)
}

/** May stand between quotes without another look: visible ASCII and spaces, no quote and no backslash. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false
  }
  return true
}

function asciiString(value: string): string {
  if (isPlain(value)) return `"${value}"`
  return quoted(/[\x80-\xff]/.test(value) ? encodeEightBit(value) : value)
}

function utf8String(value: string): string {
  if (isPlain(value)) return `"${value}"`
  // Octets that are not UTF-8 must not appear in UTF8 mode (RFC 6855 §3): they are read as windows-1252.
  return quoted(/[\x80-\xff]/.test(value) ? Buffer.from(unicodeOf(value), 'utf8').toString('latin1') : value)
}

/** Octets as a quoted string, or as a literal where a line end makes that impossible. NUL, which neither may hold, becomes a space. */
function quoted(octets: string): string {
  const safe = octets.includes('\0') ? octets.replaceAll('\0', ' ') : octets
  if (safe.includes('\r') || safe.includes('\n')) return `{${safe.length}}\r\n${safe}`
  return `"${safe.replace(/["\\]/g, '\\$&')}"`
}

/** An `astring` sent back as the client wrote it: quoted, or a literal when it holds what cannot be quoted. */
export function echoString(octets: string): string {
  return isPlain(octets) || /^[\x01-\x7f]*$/.test(octets) ? quoted(octets) : `{${octets.length}}\r\n${octets.replaceAll('\0', ' ')}`
}
