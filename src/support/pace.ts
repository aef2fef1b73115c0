/** How long one piece of work may keep the event loop, milliseconds (`design.md` §4). */
const SLICE_MS = 3

/** Lets other sessions run when a long piece of work has kept the loop for a slice. */
export class Pace {
  #began = performance.now()

  /** True when it is time for `pause`. Cheap; ask often. */
  get due(): boolean {
    return performance.now() - this.#began >= SLICE_MS
  }

  /** Gives the loop away for one turn. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#began = performance.now()
  }
}
