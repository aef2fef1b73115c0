/**
 * Names of mailboxes between the wire and the store: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 after
 * `ENABLE UTF8=ACCEPT` (RFC 6855 §3). Wire strings have one character for each octet (latin1).
 */
import {isUtf8} from 'node:buffer'

/** A mailbox argument. */
export interface MailboxName {
  /** As the client typed it, one character for each octet: replies echo it. */
  readonly wire: string
  /** The name; undefined when its encoding is broken. Not checked otherwise. */
  readonly decoded: string | undefined
}

const RUN = /^[A-Za-z0-9+,]*$/
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** UTF-16 text of one base64 run; undefined when it is not valid. Left-over bits below 16 are ignored as Courier does. */
function decodeRun(run: string): string | undefined {
  if (!RUN.test(run)) return undefined
  const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64')
  let text = ''
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes.readUInt16BE(i))
  return text
}

/**
 * Text of one hierarchy component in modified UTF-7; undefined when it is broken (`spec/maildir.md` §3.2).
 *
 * ASCII inside base64 is accepted, as Courier does; a decoded dot then separates levels.
 */
function decodeComponent(component: string): string | undefined {
  let text = ''
  for (let at = 0; at < component.length; ) {
    const start = component.indexOf('&', at)
    if (start < 0) return text + component.slice(at)
    const end = component.indexOf('-', start)
    if (end < 0) return undefined
    const run = end === start + 1 ? '&' : decodeRun(component.slice(start + 1, end))
    if (run === undefined) return undefined
    text += component.slice(at, start) + run
    at = end + 1
  }
  return text
}

/** Text of a name in modified UTF-7; undefined when it holds octets above 0x7F, a broken run, half a surrogate pair or NUL. */
export function decodeUtf7(wire: string): string | undefined {
  if (/[\x80-\xff]/.test(wire)) return undefined
  const parts: string[] = []
  for (const component of wire.split('.')) {
    const part = decodeComponent(component)
    if (part === undefined) return undefined
    parts.push(part)
  }
  const text = parts.join('.')
  return text.includes('\0') || LONE_SURROGATE.test(text) ? undefined : text
}

function encodeRun(text: string): string {
  const bytes = Buffer.alloc(text.length * 2)
  for (let i = 0; i < text.length; i++) bytes.writeUInt16BE(text.charCodeAt(i), i * 2)
  return `&${bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`
}

/** A name in modified UTF-7: U+0020 to U+007F as they are, `&` as `&-`, all else in base64 runs; non-BMP as surrogate pairs. */
export function encodeUtf7(text: string): string {
  return text.replace(/&|[^\x20-\x7f]+/g, (match) => (match === '&' ? '&-' : encodeRun(match)))
}

/** Name of a mailbox argument, by the session's encoding. */
export function decodeMailbox(wire: string, {utf8}: {readonly utf8: boolean}): MailboxName {
  if (!utf8) return {wire, decoded: decodeUtf7(wire)}
  const bytes = Buffer.from(wire, 'latin1')
  const decoded = isUtf8(bytes) && !wire.includes('\0') ? bytes.toString('utf8') : undefined
  return {wire, decoded}
}

/** A name for the wire, by the session's encoding, one character for each octet. */
export function encodeMailbox(name: string, {utf8}: {readonly utf8: boolean}): string {
  return utf8 ? Buffer.from(name, 'utf8').toString('latin1') : encodeUtf7(name)
}
