import {countLineFeeds} from './line-feeds.js'

/** Octets between two entries: 1,600 entries for a message of 100 MB. */
export const TABLE_BLOCK = 64 * 1024

/**
 * How many LF stand before each block of a stored message, as far as it has been read: tells where an octet of the wire is
 * stored without reading everything before it again.
 */
export class LineFeedTable {
  /** LF before block `n`. */
  readonly #before = [0]

  /** Blocks that are known; the next one to be added begins at `blocks * TABLE_BLOCK`. */
  get blocks(): number {
    return this.#before.length - 1
  }

  /** The next whole block. */
  add(block: Uint8Array): void {
    if (block.length !== TABLE_BLOCK) throw new RangeError(`A block of ${block.length} octets`)
    this.#before.push((this.#before.at(-1) ?? 0) + countLineFeeds(block))
  }

  /** Where block `block` begins on the wire; it must be known, or be the first that is not. */
  wireAt(block: number): number {
    const before = this.#before[block]
    if (before === undefined) throw new RangeError(`Block ${block} of ${this.blocks}`)
    return block * TABLE_BLOCK + before
  }

  /** The last block that is known to begin at or before this octet of the wire. */
  blockOf(wire: number): number {
    let low = 0
    let high = this.blocks
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.wireAt(middle) <= wire) low = middle
      else high = middle - 1
    }
    return low
  }
}
