/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Another task waits for the one that runs. */
  get isWanted(): boolean {
    return this.#waiting > 0
  }

  /** Runs `task` when all earlier ones have ended, whatever their outcome. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    const result = this.#last.then(() => {
      this.#waiting -= 1
      return task()
    })
    this.#last = result.catch(() => {}) // the caller has the rejection
    return result
  }
}
