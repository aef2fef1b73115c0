import type {OpenMessage} from '../../maildir/types.js'
import {countLineFeeds} from '../../message/line-feeds.js'
import {Hangup} from '../../support/fault.js'
import type {ReplyWriter} from '../replies/reply-writer.js'
import type {SectionItem} from './items.js'
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
  const lineFeeds = range.lineFeeds ?? (await countInFile(opened, range))
  const announced = partialLength(range.end - range.start + lineFeeds, item.partial)
  out.text(`${item.label} {${announced}}\r\n`)
  try {
    return await streamOctets(out, opened, range, {skip: item.partial?.start ?? 0, take: announced})
  } catch (error) {
    if (error instanceof Hangup) throw error
    throw new Error(`The message could not be sent to its end: ${error instanceof Error ? error.message : error}`, {cause: error})
  }
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

interface Window {
  /** Octets of the wire before the first that is sent. */
  skip: number
  /** Octets to send. */
  take: number
}

async function streamOctets(out: ReplyWriter, opened: OpenMessage, {start, end}: Range, {skip, take}: Window): Promise<number> {
  let before = skip
  let left = take
  let sent = 0
  for (let at = start; at < end && left > 0; ) {
    const piece = await opened.read(at, Math.min(end, at + PIECE_OCTETS))
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
