/** Work that many ask for: all who ask before it begins share one run; runs follow each other. */
export class SharedRun {
  readonly #work: () => Promise<void>
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Answers when a run has ended that began after this call. */
  ask(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      const run = this.#work()
      this.#running = run.catch(() => {}) // who asked has the rejection
      return run
    })
    return this.#next
  }
}
