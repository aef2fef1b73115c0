import {LinkedList, type Place} from '../support/linked-list.js'

/** One deadline that can be set, moved and cleared as often as needed at the price of storing a number. */
export interface Deadline {
  /** Calls back once in `ms` milliseconds at the earliest, and at most one tick later; replaces an earlier setting. */
  set(ms: number): void
  clear(): void
}

/** Where connections get their deadlines. */
export interface DeadlineSource {
  /** A deadline that is not set yet. `expired` must not throw. */
  create(expired: () => void): Deadline
}

/** Where deadlines wait. */
interface Wheel {
  move(entry: Entry, ms: number): void
  remove(entry: Entry): void
}

/** A connection has several of these for as long as it lives: an object with methods is the smallest form. */
class Entry implements Deadline {
  /** Time on the monotonic clock; 0 when it is not set. */
  dueMs = 0
  /** The tick in whose bucket it waits; 0 for none. */
  bucket = 0
  /** In that bucket. */
  place: Place | undefined
  readonly expired: () => void
  readonly #wheel: Wheel

  constructor(wheel: Wheel, expired: () => void) {
    this.#wheel = wheel
    this.expired = expired
  }

  set(ms: number): void {
    this.#wheel.move(this, ms)
  }

  clear(): void {
    this.#wheel.remove(this)
  }
}

/**
 * Deadlines of all connections of a process on one timer.
 *
 * A wheel with coarse ticks: a deadline waits in the bucket of a tick and is looked at only when that comes;
 * moving it to a later time costs nothing until then. Without deadlines the timer ends at the next tick.
 */
export class Deadlines implements DeadlineSource, Wheel {
  readonly #tickMs: number
  readonly #buckets = new Map<number, LinkedList<Entry>>()
  /** In all buckets. */
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #lastTick = 0

  /** `tickMs`: how late a deadline may come; tests use small ones. */
  constructor({tickMs = 1_000}: {readonly tickMs?: number} = {}) {
    this.#tickMs = tickMs
  }

  create(expired: () => void): Deadline {
    return new Entry(this, expired)
  }

  /** Sets a deadline of this wheel. */
  move(entry: Entry, ms: number): void {
    entry.dueMs = performance.now() + ms
    // Waiting in an earlier bucket is right: the entry is filed again when that one comes.
    if (entry.bucket === 0 || entry.bucket > this.#tickOf(entry.dueMs)) this.#file(entry)
  }

  /** Takes a deadline off this wheel. */
  remove(entry: Entry): void {
    entry.dueMs = 0
    this.#unfile(entry)
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#tickMs) + 1
  }

  #file(entry: Entry): void {
    this.#unfile(entry)
    entry.bucket = Math.max(this.#tickOf(entry.dueMs), this.#lastTick + 1)
    const found = this.#buckets.get(entry.bucket)
    const bucket = found ?? new LinkedList<Entry>()
    if (!found) this.#buckets.set(entry.bucket, bucket)
    entry.place = bucket.add(entry)
    this.#waiting += 1
    this.#start()
  }

  #unfile(entry: Entry): void {
    if (entry.bucket === 0) return
    // Buckets stay until their time: most deadlines are set and cleared many times within a tick.
    if (entry.place?.leave()) this.#waiting -= 1
    entry.bucket = 0
  }

  #start(): void {
    if (this.#timer) return
    this.#lastTick = Math.floor(performance.now() / this.#tickMs)
    this.#timer = setInterval(() => this.#tick(), this.#tickMs)
    this.#timer.unref()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#buckets.clear()
  }

  #tick(): void {
    const now = performance.now()
    const current = Math.floor(now / this.#tickMs)
    while (this.#lastTick < current) {
      const bucket = this.#buckets.get(++this.#lastTick)
      if (!bucket) continue
      this.#buckets.delete(this.#lastTick)
      for (let entry = bucket.first; entry; entry = bucket.first) {
        this.#unfile(entry)
        if (entry.dueMs > now) {
          this.#file(entry)
          continue
        }
        entry.dueMs = 0
        entry.expired()
      }
    }
    if (this.#waiting === 0) this.#stop()
  }
}
