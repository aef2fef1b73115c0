/** Where FNV-1a begins. */
export const BASIS = 0x811c9dc5
const PRIME = 0x01000193

/** A number for the first `length` characters of a name, to tell names apart where they are not at hand (FNV-1a, beginning with `basis`). */
export function hashOfStart(text: string, length: number, basis: number): number {
  let hash = basis
  for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** The same of characters that are octets (latin1). */
export function hashOfOctets(octets: Uint8Array, {start, end}: {readonly start: number; readonly end: number}, basis: number): number {
  let hash = basis
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (octets[at] ?? 0), PRIME)
  return (hash ^ (hash >>> 15)) >>> 0
}
