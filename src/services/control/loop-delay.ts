import {type IntervalHistogram, monitorEventLoopDelay} from 'node:perf_hooks'

/**
 * How often it looks, milliseconds: what is measured is how much later than that it gets its turn. Looking every 20 ms costs 2.4 ms of
 * processor time a second, every 250 ms 0.2 ms: a host of 300 system users has as many idle processes.
 */
const RESOLUTION_MS = 250
const WINDOW_MS = 60_000

/** Milliseconds that others had to wait for the event loop. */
export interface LoopDelayFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Measures how late the event loop is, over the last one to two minutes. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({resolution: RESOLUTION_MS})
  readonly #timer: NodeJS.Timeout
  #last: LoopDelayFigures = {p50: 0, p99: 0, max: 0}

  constructor() {
    this.#histogram.enable()
    this.#timer = setInterval(() => {
      this.#last = this.#now()
      this.#histogram.reset()
    }, WINDOW_MS)
    this.#timer.unref()
  }

  /** The worse of the minute that runs and the one before. */
  get figures(): LoopDelayFigures {
    const now = this.#now()
    return {p50: Math.max(now.p50, this.#last.p50), p99: Math.max(now.p99, this.#last.p99), max: Math.max(now.max, this.#last.max)}
  }

  #now(): LoopDelayFigures {
    if (this.#histogram.max === 0) return {p50: 0, p99: 0, max: 0}
    const late = (nanoseconds: number) => Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 10) / 10)
    return {p50: late(this.#histogram.percentile(50)), p99: late(this.#histogram.percentile(99)), max: late(this.#histogram.max)}
  }

  close(): void {
    clearInterval(this.#timer)
    this.#histogram.disable()
  }
}
