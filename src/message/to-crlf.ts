import {copyAsCrlf, countLineFeeds} from './line-feeds.js'

/** Octets converted at once: strings of this size stay in the processor's cache. */
const PIECE = 16_384

/** Octets of the wire form of `stored[start, end)`. */
export function crlfLength(stored: Buffer, start = 0, end: number = stored.length): number {
  return end - start + countLineFeeds(stored, start, end)
}

/**
 * Writes the wire form of `stored` into `target` at `at` and returns where it ends. The target must have room
 * (`crlfLength`). About 2 GB/s, and more from `countedMemory`: most of the time of `toCrlf` goes into touching new memory, so
 * reuse the target.
 */
export function writeCrlf(stored: Buffer, target: Buffer, at = 0): number {
  const copied = copyAsCrlf(stored, target, at)
  if (copied !== undefined) return copied
  let end = at
  for (let from = 0; from < stored.length; from += PIECE) {
    const piece = stored.toString('latin1', from, Math.min(stored.length, from + PIECE)).replaceAll('\n', '\r\n')
    end += target.write(piece, end, 'latin1')
  }
  return end
}

/**
 * Wire form of a stored stretch: each LF as CRLF, existing CRs kept (`spec/imap.md` §13.3), so a file stored with CRLF
 * has CR CR LF on the wire, as Courier sends it.
 */
export function toCrlf(stored: Buffer): Buffer {
  if (stored.length <= PIECE) return Buffer.from(stored.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
  const wire = Buffer.allocUnsafeSlow(crlfLength(stored))
  writeCrlf(stored, wire)
  return wire
}

/** A place in a stored stretch that stands for a place on the wire. */
export interface WirePlace {
  /** Offset in the stored octets of the first octet to send. */
  readonly stored: number
  /** The CR of that LF has been sent already (or is not wanted). */
  readonly afterCr: boolean
}

/** Below this, places are found octet by octet. */
const FINE = 4096

/** Finds the stored place of the wire octet number `wire`; the end of the stretch if it is beyond. */
export function wirePlace(stored: Buffer, wire: number): WirePlace {
  let at = 0
  let left = wire
  // Whole blocks first: their size on the wire is what they hold and their LF.
  while (stored.length - at > FINE) {
    const size = FINE + countLineFeeds(stored, at, at + FINE)
    if (size > left) break
    at += FINE
    left -= size
  }
  for (; at < stored.length; at += 1) {
    const size = stored[at] === 0x0a ? 2 : 1
    if (left < size) return {stored: at, afterCr: left === 1}
    left -= size
  }
  return {stored: stored.length, afterCr: false}
}

/** Wire octets `[start, start + count)` of a stored stretch; less if it ends before. */
export function wireRange(stored: Buffer, start: number, count: number): Buffer {
  const from = wirePlace(stored, start)
  const skipped = from.afterCr ? 1 : 0
  // No octet of the wire form takes less than half of a stored one.
  const wire = toCrlf(stored.subarray(from.stored, Math.min(stored.length, from.stored + count + skipped)))
  return wire.subarray(skipped, skipped + count)
}
