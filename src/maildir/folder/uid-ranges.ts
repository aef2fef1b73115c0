import type {Snapshot} from './snapshot.js'

type UidRange = readonly [from: number, to: number]

/** UIDs as half-open ranges in ascending order. */
export class UidRanges {
  readonly #ranges: UidRange[] = []

  get all(): readonly UidRange[] {
    return this.#ranges
  }

  /** Adds what of a range is above all before. */
  add(from: number, to: number): void {
    const last = this.#ranges.at(-1)
    const start = Math.max(from, last?.[1] ?? 0)
    if (to <= start) return
    if (last?.[1] === start) this.#ranges[this.#ranges.length - 1] = [last[0], to]
    else this.#ranges.push([start, to])
  }

  has(uid: number): boolean {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle]?.[1] ?? 0) <= uid) low = middle + 1
      else high = middle
    }
    return (this.#ranges[low]?.[0] ?? Number.POSITIVE_INFINITY) <= uid
  }

  /** How many messages have such UIDs. */
  countIn(snapshot: Snapshot): number {
    let count = 0
    for (const [from, to] of this.#ranges) count += snapshot.firstFrom(to) - snapshot.firstFrom(from)
    return count
  }
}
