import {Worker} from 'node:worker_threads'
import {Fault} from '../../support/fault.js'
import type {CryptReply, CryptRequest} from './crypt-worker.js'
import {FairQueue} from './fair-queue.js'
import {type CryptJob, type PasswordCrypt, supportedHash} from './password-crypt.js'
import type {RecentChecks} from './recent-checks.js'

/** Checks that may wait for a thread, together and for one address. */
const LIMITS = {items: 20_000, itemsOfSource: 10_000}
/** Threads that may hang in a hash that never ends before no others are started. */
const MAX_STUCK = 4

export interface CryptPoolOptions {
  readonly threads: number
  /** Longest time for one hash. Settings come from the administrator: only one that costs minutes gets there. */
  readonly limitMs: number
  /** What was right a short time ago; without it every check costs a hash. */
  readonly recent?: RecentChecks | undefined
}

interface Waiting extends CryptJob {
  readonly resolve: (hash: string | undefined) => void
  readonly reject: (error: Fault) => void
}

interface Thread {
  readonly worker: Worker
  job: Waiting | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Threads that run crypt(3) one hash at a time, never on the event loop nor on libuv's pool (`design.md` §4). They start
 * when they are needed and do not keep the process alive; one that dies fails its hash only, and another takes its place.
 */
export class CryptPool implements PasswordCrypt {
  readonly #options: CryptPoolOptions
  readonly #queue = new FairQueue<Waiting>(LIMITS)
  readonly #threads = new Set<Thread>()
  /** Given up, and not yet out of crypt(3): nothing can end a thread before. */
  readonly #stuck = new Set<Thread>()
  #nextId = 1
  #closed = false

  constructor(options: CryptPoolOptions) {
    this.#options = options
  }

  get recent(): RecentChecks | undefined {
    return this.#options.recent
  }

  /**
   * The hash by crypt(3), undefined when the setting is not a valid one.
   *
   * @throws {Fault} `unavailable` when the system cannot compute it, too many wait, or the thread died
   */
  hash(job: CryptJob): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Fault('unavailable', 'Passwords are no longer checked'))
      if (!this.#queue.push(job.remote, {...job, resolve, reject})) {
        return reject(new Fault('unavailable', 'Too many password checks are waiting'))
      }
      this.#advance()
    })
  }

  /** Ends the threads; what waits fails. */
  async close(): Promise<void> {
    this.#closed = true
    for (let job = this.#queue.take(); job; job = this.#queue.take())
      job.reject(new Fault('unavailable', 'Passwords are no longer checked'))
    await Promise.all([...this.#threads].map(({worker}) => worker.terminate()))
  }

  #advance(): void {
    while (this.#queue.size > 0 && !this.#closed) {
      const thread = [...this.#threads].find(({job}) => job === undefined) ?? this.#start()
      if (!thread && this.#threads.size > 0) return
      const job = this.#queue.take()
      if (job && thread) this.#run(thread, job)
      else job?.reject(new Fault('unavailable', 'All password threads hang'))
    }
  }

  #run(thread: Thread, job: Waiting): void {
    thread.job = job
    thread.worker.ref()
    thread.timer = setTimeout(() => this.#lose(thread, 'took too long'), this.#options.limitMs)
    const password = Uint8Array.from(Buffer.from(job.password, 'latin1'))
    const request: CryptRequest = {id: this.#nextId++, password, setting: job.setting}
    thread.worker.postMessage(request, [password.buffer])
  }

  #start(): Thread | undefined {
    if (this.#threads.size >= this.#options.threads || this.#stuck.size >= MAX_STUCK) return undefined
    const worker = new Worker(new URL('./crypt-worker.js', import.meta.url), {resourceLimits: {maxOldGenerationSizeMb: 64}})
    const thread: Thread = {worker, job: undefined, timer: undefined}
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (reply: CryptReply) => this.#finish(thread, reply))
    worker.on('error', (error: Error) => this.#lose(thread, error.message))
    worker.on('exit', (code) => {
      this.#stuck.delete(thread)
      this.#lose(thread, `ended with ${code}`)
    })
    return thread
  }

  #finish(thread: Thread, reply: CryptReply): void {
    const job = this.#release(thread)
    thread.worker.unref()
    try {
      job?.resolve(supportedHash(reply))
    } catch (error) {
      job?.reject(error as Fault)
    }
    this.#advance()
  }

  #lose(thread: Thread, reason: string): void {
    if (!this.#threads.delete(thread)) return
    if (thread.job) this.#stuck.add(thread)
    this.#release(thread)?.reject(new Fault('unavailable', `A password thread failed: ${reason}`))
    thread.worker.unref()
    thread.worker.terminate().catch(() => undefined)
    this.#advance()
  }

  #release(thread: Thread): Waiting | undefined {
    clearTimeout(thread.timer)
    const {job} = thread
    thread.job = undefined
    return job
  }
}
