const PRIME = 0x01000193

/** Half-open. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

/** Octets that are hashed, compared and copied by words of four: in half of the time that one by one takes, or less. */
export class OctetWords {
  readonly octets: Buffer
  readonly #words: DataView

  constructor(octets: Buffer) {
    this.octets = octets
    this.#words = new DataView(octets.buffer, octets.byteOffset, octets.length)
  }

  /** A number (32 bits, signed) for a stretch, to tell stretches apart: FNV-1a of words, each folded. It begins with `basis`. */
  hash({start, end}: OctetRange, basis: number): number {
    const rest = end - ((end - start) & 3)
    let hash = basis
    for (let at = start; at < rest; at += 4) hash = mixed(hash, this.#words.getInt32(at, true))
    for (let at = rest; at < end; at += 1) hash = mixed(hash, this.octets[at] ?? 0)
    return hash
  }

  /** A stretch has the same octets as as many from `at` on of others. */
  isSame({start, end}: OctetRange, others: OctetWords, at: number): boolean {
    const shift = at - start
    const rest = end - ((end - start) & 3)
    for (let place = start; place < rest; place += 4)
      if (this.#words.getInt32(place, true) !== others.#words.getInt32(place + shift, true)) return false
    for (let place = rest; place < end; place += 1) if (this.octets[place] !== others.octets[place + shift]) return false
    return true
  }

  /** Copies a stretch to a place in others. */
  copy({start, end}: OctetRange, others: OctetWords, at: number): void {
    const shift = at - start
    const rest = end - ((end - start) & 3)
    for (let place = start; place < rest; place += 4) others.#words.setInt32(place + shift, this.#words.getInt32(place, true), true)
    for (let place = rest; place < end; place += 1) others.octets[place + shift] = this.octets[place] ?? 0
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, PRIME)
  return product ^ (product >>> 15)
}
