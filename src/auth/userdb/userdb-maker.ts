import {Worker} from 'node:worker_threads'
import {Fault} from '../../support/fault.js'
import type {CompileProblem} from './compile.js'
import type {MakeOrder} from './make-worker.js'

const GENERATION_OCTETS = 16

export interface UserdbMakerOptions {
  /** Path of the userdb text. */
  readonly source: string
  readonly random: (octets: number) => Buffer
}

/**
 * Does what `makeuserdb` does, in a thread. One run at a time; who asks meanwhile gets the next run, and all who wait share it.
 */
export class UserdbMaker {
  readonly #options: UserdbMakerOptions
  #running: Promise<unknown> | undefined
  #next: Promise<readonly CompileProblem[]> | undefined

  constructor(options: UserdbMakerOptions) {
    this.#options = options
  }

  /** A run that begins after this call. Problems in the text: then nothing has been replaced. @throws {Fault} `unavailable` */
  make(): Promise<readonly CompileProblem[]> {
    if (!this.#running) return this.#start()
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.#start()
    })
    return this.#next
  }

  #start(): Promise<readonly CompileProblem[]> {
    const run = this.#run()
    const running = run
      .catch(() => undefined)
      .finally(() => {
        if (this.#running === running) this.#running = undefined
      })
    this.#running = running
    return run
  }

  #run(): Promise<readonly CompileProblem[]> {
    const {source, random} = this.#options
    const order: MakeOrder = {source, generation: random(GENERATION_OCTETS).toString('hex')}
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./make-worker.js', import.meta.url), {workerData: order})
      const fail = (reason: string) => reject(new Fault('unavailable', `The userdb was not compiled: ${reason}`))
      worker.once('message', resolve)
      worker.once('error', (error: Error) => fail(error.message))
      worker.once('exit', (code) => fail(`the thread ended with ${code}`))
    })
  }
}
