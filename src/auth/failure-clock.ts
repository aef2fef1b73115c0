import {performance} from 'node:perf_hooks'
import {setTimeout as sleep} from 'node:timers/promises'

/** The time from a command to the answer that its login has failed: the first multiple of `periodMs` that the check leaves room for. */
export function answerTimeMs(elapsedMs: number, periodMs: number): number {
  return Math.max(1, Math.ceil(elapsedMs / periodMs)) * periodMs
}

/** Time as it is, or as a test makes it. */
export interface TimeSource {
  /** Milliseconds of a clock that never goes back. */
  now(): number
  /** @throws when `signal` aborts before the time is over */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const REAL_TIME: TimeSource = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, {signal, ref: false}),
}

/**
 * When failed logins are answered: at one fixed time after the command, or at the next multiple of it, whatever the reason and however
 * long the check took. So the time tells neither whether an account exists nor what became of its check.
 */
export class FailureClock {
  readonly #time: TimeSource
  readonly #periodMs: number

  constructor({periodMs, time = REAL_TIME}: {readonly periodMs: number; readonly time?: TimeSource | undefined}) {
    this.#periodMs = periodMs
    this.#time = time
  }

  /** Now: where the time of a command begins. */
  begin(): number {
    return this.#time.now()
  }

  /** Waits until a command that began then may be told that it failed. @throws when `signal` aborts before */
  async wait(beganMs: number, signal: AbortSignal): Promise<void> {
    const elapsedMs = this.#time.now() - beganMs
    const leftMs = answerTimeMs(elapsedMs, this.#periodMs) - elapsedMs
    if (leftMs > 0) await this.#time.sleep(leftMs, signal)
  }
}
