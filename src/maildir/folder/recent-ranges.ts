import type {Snapshot} from './snapshot.js'

/** UIDs that no read-write session has been told of yet: \Recent for the next one. Half-open ranges. */
export class RecentRanges {
  #unclaimed: [from: number, to: number][] = []

  add(from: number, to: number): void {
    const last = this.#unclaimed.at(-1)
    if (last?.[1] === from) last[1] = to
    else this.#unclaimed.push([from, to])
  }

  /** What is \Recent for the asking session; with `claim` for no later one. */
  take(claim: boolean): readonly (readonly [from: number, to: number])[] {
    const ranges = this.#unclaimed.map(([from, to]) => [from, to] as const)
    if (claim) this.#unclaimed = []
    return ranges
  }

  countIn(snapshot: Snapshot): number {
    let count = 0
    for (const [from, to] of this.#unclaimed) count += snapshot.firstFrom(to) - snapshot.firstFrom(from)
    return count
  }
}
