import type {Snapshot} from './snapshot.js'
import {UidRanges} from './uid-ranges.js'

/** UIDs that no read-write session has been told of yet: \Recent for the next one. */
export class Unclaimed {
  #ranges = new UidRanges()

  add(from: number, to: number): void {
    this.#ranges.add(from, to)
  }

  /** What is \Recent for the asking session; with `claim` for no later one. */
  take(claim: boolean): UidRanges {
    const ranges = this.#ranges
    if (claim) this.#ranges = new UidRanges()
    return ranges
  }

  countIn(snapshot: Snapshot): number {
    return this.#ranges.countIn(snapshot)
  }
}
