/** A number for a base name, to tell names apart where the name itself is not at hand (FNV-1a). */
export function nameHash(base: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < base.length; at += 1) hash = Math.imul(hash ^ base.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
