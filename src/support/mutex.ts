/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all earlier ones have ended, whatever their outcome. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {}) // the caller has the rejection
    return result
  }
}
