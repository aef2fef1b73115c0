import {performance} from 'node:perf_hooks'

/** Calls longer than this, several in a row of a second, move calls off the loop for a while (`design.md` §4). */
const SLOW_CALL_MS = 2
/** A few slow calls among many may be a busy processor; a cold or distant disk makes many, and makes most calls slow. */
const SLOW_CALLS = 4
const CALLS_TO_ONE_SLOW = 50
const SLOW_WITHIN_MS = 1_000
const STAY_OFF_LOOP_MS = 5_000

/** Which calls may run on the loop: all, until many of them were slow; then none for a while. */
export class LoopCalls {
  readonly #waited: () => boolean
  #offLoopUntil = 0
  #calls = 0
  #slowCalls = 0
  #slowSinceMs = 0

  /** `waited`: a slow call may have waited for the disk, and not only for the processor. */
  constructor(waited: () => boolean = () => true) {
    this.#waited = waited
  }

  get onLoop(): boolean {
    return this.#offLoopUntil === 0 || performance.now() >= this.#offLoopUntil
  }

  timed<T>(call: () => T): T {
    const began = performance.now()
    try {
      return call()
    } finally {
      this.count(began, performance.now())
    }
  }

  /** A call on the loop began and ended then. */
  count(beganMs: number, endedMs: number): void {
    this.#calls += 1
    if (endedMs - beganMs > SLOW_CALL_MS && this.#waited()) this.#countSlow(endedMs)
  }

  #countSlow(nowMs: number): void {
    if (nowMs - this.#slowSinceMs > SLOW_WITHIN_MS) {
      this.#slowSinceMs = nowMs
      this.#slowCalls = 0
      this.#calls = 0
    }
    this.#slowCalls += 1
    if (this.#slowCalls >= SLOW_CALLS && this.#calls < this.#slowCalls * CALLS_TO_ONE_SLOW) this.#offLoopUntil = nowMs + STAY_OFF_LOOP_MS
  }
}

/** Has the process read blocks from a disk since this was asked last? What is in memory is never waited for, however busy the processor. */
export function diskReads(): () => boolean {
  let before = process.resourceUsage().fsRead
  return () => {
    const now = process.resourceUsage().fsRead
    const has = now !== before
    before = now
    return has
  }
}
