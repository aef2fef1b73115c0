import type {MessageMetadata, OpenMessage} from '../../maildir/types.js'
import {selectFields, selectMimeFields} from '../../message/headers.js'
import {LIMITS} from '../../message/limits.js'
import {writeCrlf} from '../../message/to-crlf.js'
import type {ReplyWriter, WireForm} from '../replies/reply-writer.js'
import type {Section, SectionItem} from './items.js'
import {type FieldsPlace, locateSection, type Place} from './section.js'
import {type Range, streamLiteral} from './stream-literal.js'
import {cutPartial, wireText} from './wire-text.js'

/** A message as far as a section needs it. */
export interface Source {
  readonly metadata: MessageMetadata | undefined
  readonly opened: OpenMessage | undefined
}

/** Octets that went out, as stored: for the log (`spec/imap.md` §22). */
export interface OctetCounters {
  headers: number
  body: number
}

/** Longest stretch that is read and sent in one piece. */
const ONE_PIECE_OCTETS = 256 * 1024

/** What one `BODY[…]` item needs. */
export type SectionNeed = 'header' | 'file' | 'structure and file'

export function sectionNeed({section}: SectionItem): SectionNeed {
  if (section.path.length > 0 || section.text === 'TEXT') return 'structure and file'
  return section.text === 'ALL' ? 'file' : 'header'
}

/** The header in the metadata is all of it: longer ones are cut there, then the file is read. */
export function isWholeHeader({headerOctets}: MessageMetadata): boolean {
  return headerOctets.length < LIMITS.headerOctets
}

/** Every LF as CRLF (`spec/imap.md` §13.3). */
const AS_STORED: WireForm = {write: writeCrlf}
/** What the form of a few octets adds to twice their number. */
const FORM_OCTETS = 4

/**
 * Writes `BODY[…] {n}` and the octets. Answers a promise only when it has to wait for the file or the client.
 *
 * Courier: all texts are literals; RFC 3501 §9 would allow quoted strings.
 *
 * @throws {Hangup} the client is gone
 * @throws {Error} the file ended before the octets that were announced
 */
export function writeSection(out: ReplyWriter, item: SectionItem, source: Source, counters: OctetCounters): void | Promise<void> {
  const {section} = item
  const {metadata, opened} = source
  if (sectionNeed(item) === 'file' && opened) return writeRange(out, item, opened, {start: 0, end: opened.storedBytes}, counters)
  if (sectionNeed(item) === 'header' && metadata && isWholeHeader(metadata)) {
    return writeHeader(out, item, metadata.headerOctets, counters)
  }
  if (!metadata || !opened) throw new Error('A section needs the message')
  return writePlace(out, item, {place: locateSection(metadata.structure, section), opened}, counters)
}

/** The message's own header, or fields of it. */
function writeHeader(out: ReplyWriter, item: SectionItem, header: Buffer, counters: OctetCounters): void {
  counters.headers += header.length
  if (item.section.text === 'HEADER') writeFormed(out, item, header, AS_STORED)
  else writeChosen(out, item, header, item.section)
}

function writePlace(
  out: ReplyWriter,
  item: SectionItem,
  {place, opened}: {place: Place; opened: OpenMessage},
  counters: OctetCounters,
): void | Promise<void> {
  if (place.kind === 'fields') return writeFields(out, item, {place, opened}, counters)
  const [first, last = first] = place.stretches
  if (!first || !last) return writeText(out, item, '')
  const lineFeeds = first === last ? first.lineFeeds : first.lineFeeds + last.lineFeeds
  return writeRange(out, item, opened, {start: first.start, end: last.end, lineFeeds}, counters)
}

async function writeFields(
  out: ReplyWriter,
  item: SectionItem,
  {place: {header, choose}, opened}: {place: FieldsPlace; opened: OpenMessage},
  counters: OctetCounters,
): Promise<void> {
  const end = Math.min(header.end, header.start + LIMITS.headerOctets)
  const octets = opened.whole?.subarray(header.start, end) ?? (await opened.read(header.start, end))
  counters.headers += octets.length
  if (choose.kind === 'mime') writeText(out, item, selectMimeFields(octets.toString('latin1')))
  else writeChosen(out, item, octets, choose.section)
}

/** The fields of a header that a section names, or all others. */
function writeChosen(out: ReplyWriter, item: SectionItem, header: Buffer, {text, fields, names}: Section): void {
  if (text === 'HEADER.FIELDS') writeFormed(out, item, header, names)
  else writeText(out, item, selectFields(header.toString('latin1'), fields, {not: true}))
}

/** A literal of stored octets in a form of theirs, cut. */
function writeFormed(out: ReplyWriter, item: SectionItem, stored: Buffer, form: WireForm): void {
  if (!item.partial && out.isLong && out.storedLiteral(item.label, stored, form)) return
  const wire = Buffer.allocUnsafe(2 * stored.length + FORM_OCTETS)
  writeWire(out, item, wire.toString('latin1', 0, form.write(stored, wire, 0)))
}

/** Octets of the file: at once when they are few, else piece by piece. */
function writeRange(out: ReplyWriter, item: SectionItem, opened: OpenMessage, range: Range, counters: OctetCounters): void | Promise<void> {
  // A stored octet is at least one on the wire, so a partial never needs more stored octets than it ends at.
  const needed = item.partial ? range.start + item.partial.start + item.partial.count : range.end
  const end = Math.min(range.end, needed, opened.storedBytes)
  if (opened.whole) {
    counters.body += Math.max(0, end - range.start)
    if (!item.partial && out.storedLiteral(item.label, opened.whole.subarray(range.start, Math.max(range.start, end)), AS_STORED)) return
    return writeText(out, item, opened.whole.toString('latin1', range.start, Math.max(range.start, end)))
  }
  return writeFromFile(out, item, opened, {range, end}, counters)
}

async function writeFromFile(
  out: ReplyWriter,
  item: SectionItem,
  opened: OpenMessage,
  {range, end}: {range: Range; end: number},
  counters: OctetCounters,
): Promise<void> {
  if (end - range.start > ONE_PIECE_OCTETS) {
    const lineFeeds = end === range.end ? range.lineFeeds : undefined
    counters.body += await streamLiteral(out, item, opened, {start: range.start, end, lineFeeds})
    return
  }
  const octets = end > range.start ? await opened.read(range.start, end) : Buffer.alloc(0)
  counters.body += octets.length
  writeText(out, item, octets.toString('latin1'))
}

/** A literal of stored octets, converted and cut. */
function writeText(out: ReplyWriter, item: SectionItem, stored: string): void {
  writeWire(out, item, wireText(stored))
}

/** A literal of what goes over the wire, cut. */
function writeWire(out: ReplyWriter, item: SectionItem, wire: string): void {
  const text = cutPartial(wire, item.partial)
  out.text(`${item.label} {${text.length}}\r\n`).text(text)
}
