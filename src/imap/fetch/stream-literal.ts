import type {OpenMessage} from '../../maildir/types.js'
import {countLineFeeds} from '../../message/line-feeds.js'
import {Hangup} from '../../support/fault.js'
import type {ReplyWriter} from '../replies/reply-writer.js'
import type {SectionItem} from './items.js'
import {partialWindow, type Window} from './partial-window.js'
import {partialLength, wireText} from './wire-text.js'

/** Octets that are read at a time. */
const PIECE_OCTETS = 256 * 1024

/** Octets of a file; the number of LF among them when it is known. */
export interface Range {
  readonly start: number
  readonly end: number
  readonly lineFeeds?: number | undefined
}

/**
 * Writes a literal piece by piece, so that neither the file nor the reply is in memory; answers the stored octets read.
 *
 * @throws {Hangup} the client is gone
 * @throws {Error} the file gave fewer octets than were announced: what follows would be taken for the rest of the literal,
 *   so the connection has to end
 */
export async function streamLiteral(out: ReplyWriter, item: SectionItem, opened: OpenMessage, range: Range): Promise<number> {
  const window = await windowOf(item, opened, range)
  out.text(`${item.label} {${window.take}}\r\n`)
  try {
    return await streamOctets(out, opened, range.end, window)
  } catch (error) {
    if (error instanceof Hangup) throw error
    throw new Error(`The message could not be sent to its end: ${error instanceof Error ? error.message : error}`, {cause: error})
  }
}

async function windowOf({partial}: SectionItem, opened: OpenMessage, range: Range): Promise<Window> {
  const {start, end} = range
  if (partial && opened.lineFeeds) return partialWindow({opened, table: opened.lineFeeds, start, end}, partial)
  const lineFeeds = range.lineFeeds ?? (await countInFile(opened, range))
  return {start, skip: partial?.start ?? 0, take: partialLength(end - start + lineFeeds, partial)}
}

async function countInFile(opened: OpenMessage, {start, end}: Range): Promise<number> {
  let lineFeeds = 0
  for (let at = start; at < end; ) {
    const piece = await opened.read(at, Math.min(end, at + PIECE_OCTETS))
    if (piece.length === 0) break
    lineFeeds += countLineFeeds(piece)
    at += piece.length
  }
  return lineFeeds
}

async function streamOctets(out: ReplyWriter, opened: OpenMessage, end: number, {start, skip, take}: Window): Promise<number> {
  let before = skip
  let left = take
  let sent = 0
  for (let at = start; at < end && left > 0; ) {
    // A stored octet is at least one on the wire.
    const piece = await opened.read(at, Math.min(end, at + Math.min(PIECE_OCTETS, before + left)))
    if (piece.length === 0) break
    at += piece.length
    const wireOctets = before > 0 ? piece.length + countLineFeeds(piece) : Number.POSITIVE_INFINITY
    if (wireOctets <= before) {
      before -= wireOctets
      continue
    }
    const text = wireText(piece.toString('latin1')).slice(before, before + left)
    before = 0
    left -= text.length
    sent += piece.length
    out.text(text)
    if (out.full) await out.flush()
  }
  if (left > 0) throw new Error(`${left} octets are missing`)
  return sent
}
