import {domainToUnicode} from 'node:url'
import {type Decoder, decoderOf, isAsciiCompatible, latin1Decoder} from './charset.js'
import {decodeWordsIn} from './encoded-words.js'
import {fieldValue, splitHeader} from './headers.js'
import {LIMITS} from './limits.js'
import {parameter} from './mime-fields.js'
import {READING_OCTETS, type Reading} from './reading.js'
import {collapseBlanks, foldCase, holds, type Needle, TextScanner, textHolds} from './search-needle.js'
import type {Part} from './structure.js'
import {transferDecoder} from './transfer-decoding.js'

/** All entities of a message, the outer first. */
export function* entitiesOf(root: Part): Generator<Part> {
  const waiting: Part[] = [root]
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    yield part
    if (part.message) waiting.push(part.message)
    for (let i = part.children.length - 1; i >= 0; i -= 1) waiting.push(part.children[i]!)
  }
}

/** Domains in punycode as a person reads them (RFC 3492). */
function decodeDomains(value: string): string {
  return value.replace(/[A-Za-z0-9.-]+/g, (word) => (/xn--/i.test(word) && word.length <= 255 && domainToUnicode(word)) || word)
}

/** A field's value (latin1, unfolded) as it is searched: decoded and folded, and once more where domains have another form. */
export function searchForms(value: string): string[] {
  const text = decodeWordsIn(value)
  return /xn--/i.test(text) ? [foldCase(text), foldCase(decodeDomains(text))] : [foldCase(text)]
}

/** Does a field's value (latin1, unfolded) hold the needle: decoded, and with domains in either form? */
export function valueHolds(value: string, needle: Needle): boolean {
  return searchForms(value).some((form) => holds(form, needle))
}

/** Can a header block not hold an ASCII needle, so that its fields need not be decoded? */
function cannotHold(header: string, needle: Needle): boolean {
  if (!needle.isAscii || header.includes('=?')) return false
  const lower = header.toLowerCase()
  return !lower.includes(needle.longestWord) && !lower.includes('xn--')
}

/**
 * HEADER and the keys for single fields: is there a field of that name (lower-case) whose value holds the needle? An
 * empty needle asks for the field alone (RFC 3501 §6.4.4).
 */
export function headerHolds(header: string, name: string, needle: Needle): boolean {
  if (cannotHold(header, needle)) return false
  return splitHeader(header).some((field) => field.name === name && valueHolds(fieldValue(header, field), needle))
}

/** Does a field hold the needle, in `name: ` or in its value (never across both, `spec/imap.md` §23)? */
export function anyHeaderHolds(header: string, needle: Needle): boolean {
  if (cannotHold(header, needle)) return false
  return splitHeader(header).some(
    (field) =>
      textHolds(collapseBlanks(`${header.slice(field.start, field.valueStart)} `), needle) || valueHolds(fieldValue(header, field), needle),
  )
}

function* readHeader({header}: Part): Reading<string> {
  const octets = yield {start: header.start, end: Math.min(header.end, header.start + LIMITS.headerOctets)}
  return octets.toString('latin1')
}

/** Searches one field in the headers of all entities of the message, as Courier does (`spec/imap.md` §23). */
export function* searchHeader(root: Part, name: string, needle: Needle): Reading<boolean> {
  for (const part of entitiesOf(root)) {
    if (headerHolds(yield* readHeader(part), name, needle)) return true
  }
  return false
}

/** What decodes the text of a part; without a known charset both UTF-8 and windows-1252 are tried. */
function decodersFor(part: Part, needle: Needle): Decoder[] {
  const charset = parameter(part.parameters, 'charset')
  // Octets as they are will do: an ASCII needle is found without decoding.
  if (needle.isAscii && (charset === undefined || isAsciiCompatible(charset))) return [latin1Decoder()]
  const known = charset === undefined || /^(us-)?ascii$/i.test(charset) ? undefined : decoderOf(charset)
  return known ? [known] : [decoderOf('utf-8')!, decoderOf('windows-1252')!]
}

/** Searches the decoded text of one part. Memory is bounded by `READING_OCTETS` and the needle. */
function* searchPart(part: Part, needle: Needle): Reading<boolean> {
  const transfer = transferDecoder(part.encoding)
  if (part.body.end - part.body.start <= READING_OCTETS) {
    const octets = transfer.all(yield part.body)
    return decodersFor(part, needle).some((decoder) => textHolds(decoder.decode(octets), needle))
  }
  const scans = decodersFor(part, needle).map((decoder) => ({decoder, scanner: new TextScanner(needle)}))
  const scan = (octets: Buffer): boolean => scans.some(({decoder, scanner}) => scanner.push(decoder.decode(octets, {stream: true})))
  for (let start = part.body.start; start < part.body.end; start += READING_OCTETS) {
    const octets = yield {start, end: Math.min(part.body.end, start + READING_OCTETS)}
    if (octets.length === 0) break
    if (scan(transfer.push(octets))) return true
  }
  return scan(transfer.end())
}

/** Text, and what is told as a message without being one: reports of delivery, partial messages (seen with Courier 5.0.13). */
function isSearched({type, message}: Part): boolean {
  return type === 'text' || (type === 'message' && !message)
}

/**
 * BODY: is the needle in the decoded text of a text part, embedded messages included? Other parts, preamble and epilogue
 * are not searched, HTML is searched as it is written (`spec/imap.md` §23).
 */
export function* searchBody(root: Part, needle: Needle): Reading<boolean> {
  if (needle.text === '') return true
  for (const part of entitiesOf(root)) {
    if (isSearched(part) && (yield* searchPart(part, needle))) return true
  }
  return false
}

/** TEXT: is the needle in a header or in the body? */
export function* searchText(root: Part, needle: Needle): Reading<boolean> {
  if (needle.text === '') return true
  for (const part of entitiesOf(root)) {
    if (anyHeaderHolds(yield* readHeader(part), needle)) return true
  }
  return yield* searchBody(root, needle)
}
