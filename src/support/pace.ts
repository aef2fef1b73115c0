import {performance} from 'node:perf_hooks'
import {setImmediate as nextTurn} from 'node:timers/promises'

/** Longest stretch of work before other sessions get their turn (`design.md` §4: none waits longer than about 10 ms). */
const SLICE_MS = 4

/**
 * Shares the event loop: long work asks `due` every few steps, and then awaits `pause()`.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined
  #since = performance.now()

  /** Work ends with the signal's reason when it is aborted. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** The work has kept the loop long enough. */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE_MS
  }

  /** Lets everything else that is ready run first. @throws the signal's reason */
  async pause(): Promise<void> {
    this.#signal?.throwIfAborted()
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#since = performance.now()
  }
}
