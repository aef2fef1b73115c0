import {Fault} from '../../../support/fault.js'
import {FairQueue} from '../../hash/fair-queue.js'

export interface TurnsOptions {
  /** Works at the same time. */
  readonly places: number
  /** Works that may wait, together and of one source. */
  readonly waiting: {readonly items: number; readonly itemsOfSource: number}
}

/** Lets a few works run at a time; sources take turns. */
export class Turns {
  readonly #options: TurnsOptions
  readonly #queue: FairQueue<() => void>
  #running = 0

  constructor(options: TurnsOptions) {
    this.#options = options
    this.#queue = new FairQueue(options.waiting)
  }

  /** @throws {Fault} `unavailable` when too many wait; what `work` throws */
  async run<T>(source: string, work: () => Promise<T>): Promise<T> {
    await this.#place(source)
    try {
      return await work()
    } finally {
      const next = this.#queue.take()
      if (next) next()
      else this.#running -= 1
    }
  }

  #place(source: string): Promise<void> {
    if (this.#running < this.#options.places) {
      this.#running += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      if (!this.#queue.push(source, resolve)) reject(new Fault('unavailable', 'Too many requests to the authdaemond are waiting'))
    })
  }
}
