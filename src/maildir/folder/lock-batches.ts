import type {Uid} from '../types.js'

/** To begin with, and at most: about 12 ms on a local disk. */
export const LARGEST_BATCH = 1024
const LEAST_BATCH = 64
/** Other programs wait for the lock file for no longer than this, mostly for half as long; Courier looks for it once a second. */
const HOLD_MS = 30

/**
 * Messages in batches, for each of which the lock file is taken once: that costs as much as 25 renames. Where files take long,
 * the next batches are smaller.
 */
export class LockBatches {
  #size = LARGEST_BATCH

  /** Calls `task` for one batch after the other; others get their turn between them. */
  async each(uids: readonly Uid[], task: (batch: readonly Uid[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < uids.length; ) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve))
      const batch = uids.slice(at, at + this.#size)
      at += batch.length
      await task(batch)
    }
  }

  /** Runs what is done for a batch while the lock is held. */
  async held<T>(task: () => Promise<T>): Promise<T> {
    const began = performance.now()
    try {
      return await task()
    } finally {
      const size = Math.floor((this.#size * HOLD_MS) / (performance.now() - began))
      this.#size = Math.max(LEAST_BATCH, Math.min(size, LARGEST_BATCH))
    }
  }
}
