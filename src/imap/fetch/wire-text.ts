import type {PartialRange} from './items.js'

/** Stored octets as they go over the wire: every LF as CRLF, also one that follows a CR (`spec/imap.md` §13.3). */
export function wireText(stored: string): string {
  return stored.includes('\n') ? stored.replaceAll('\n', '\r\n') : stored
}

/** The octets of the wire that a partial asks for; nothing when it starts behind the end (RFC 3501 §6.4.5). */
export function cutPartial(wire: string, partial: PartialRange | undefined): string {
  return partial ? wire.slice(partial.start, partial.start + partial.count) : wire
}

/** Octets of the wire that a partial takes of `wireBytes`. */
export function partialLength(wireBytes: number, partial: PartialRange | undefined): number {
  return partial ? Math.max(0, Math.min(wireBytes - partial.start, partial.count)) : wireBytes
}
