import {performance} from 'node:perf_hooks'
import {setImmediate as nextTurn} from 'node:timers/promises'

/** Longest stretch of work before other sessions get their turn (`design.md` §4: none waits longer than about 10 ms). */
const SLICE_MS = 4

/**
 * For work that nobody ends. It also keeps the shape of signals alive, which V8 makes anew when the garbage collector has found
 * none, and then compiles again what looks at them.
 */
const ENDLESS = new AbortController().signal

/**
 * Shares the event loop: long work asks `due` every few steps, and then awaits `pause()`.
 */
export class Pace {
  readonly #signal: AbortSignal
  #since = performance.now()

  /** Work ends with the signal's reason when it is aborted. */
  constructor(signal = ENDLESS) {
    this.#signal = signal
  }

  /** The work has kept the loop long enough. */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE_MS
  }

  /** Lets everything else that is ready run first. @throws the signal's reason */
  async pause(): Promise<void> {
    this.#signal.throwIfAborted()
    await nextTurn()
    this.#signal.throwIfAborted()
    this.#since = performance.now()
  }
}
