/**
 * After a burst of work a process gives memory back, once it is idle: a thousand connections leave some 20 MiB that nobody uses, and the
 * next burst may be an hour away.
 */
import {performance} from 'node:perf_hooks'
import {giveBackFreed} from '../support/freed-memory.js'

/** What is looked at, and what is done about it. */
export interface MemoryReturnOptions {
  /** What the process has from the system, octets. */
  readonly residentOctets: () => number
  /** The part of the time since the last call that the event loop has worked, 0 to 1. */
  readonly workload: () => number
  readonly giveBack: () => Promise<void>
  readonly everyMs: number
}

/** So much more than after the last time is worth the work. */
const WORTH_OCTETS = 8 * 1024 * 1024
/** Below this a process is idle. */
const IDLE = 0.1
const EVERY_MS = 5_000

export class MemoryReturn {
  readonly #options: MemoryReturnOptions
  readonly #timer: NodeJS.Timeout
  /** The least that the process has had since the last time, or since the first look: a new one grows. More than that may be left over. */
  #least = Number.POSITIVE_INFINITY

  constructor(options: MemoryReturnOptions = ofThisProcess()) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.everyMs)
    this.#timer.unref()
  }

  /** Looks whether there is something to give back now. Never rejects. */
  async look(): Promise<void> {
    const {residentOctets, workload, giveBack} = this.#options
    const idle = workload() < IDLE
    const resident = residentOctets()
    this.#least = Math.min(this.#least, resident)
    if (!idle || resident < this.#least + WORTH_OCTETS) return
    await giveBack()
    // What is left is in use: no reason to try again.
    this.#least = residentOctets()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

function ofThisProcess(): MemoryReturnOptions {
  let last = performance.eventLoopUtilization()
  return {
    residentOctets: () => process.memoryUsage.rss(),
    workload() {
      const before = last
      last = performance.eventLoopUtilization()
      return performance.eventLoopUtilization(last, before).utilization
    },
    giveBack: giveBackFreed,
    everyMs: EVERY_MS,
  }
}
