/** Where FNV-1a begins. */
const BASIS = 0x811c9dc5
const PRIME = 0x01000193

/** A number for a base name, to tell names apart where the name itself is not at hand (FNV-1a). */
export function nameHash(base: string): number {
  return hashOfStart(base, base.length, BASIS)
}

/** The same of the first `length` characters, beginning with another basis. */
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
