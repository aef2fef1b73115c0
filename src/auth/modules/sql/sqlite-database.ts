import {Worker} from 'node:worker_threads'
import {Fault} from '../../../support/fault.js'
import {within} from '../within.js'
import type {PreparedQuery} from './query-template.js'
import type {SqlDatabase} from './sql-database.js'
import type {SqliteAnswer} from './sqlite-library.js'
import type {SqliteReply, SqliteRequest, SqliteWorkerData} from './sqlite-worker.js'

/** Requests that may wait for the thread. */
const MAX_WAITING = 10_000

interface Waiting {
  readonly resolve: (answer: SqliteAnswer) => void
  readonly reject: (error: Fault) => void
}

/** An SQLite file, read and written by a thread of its own. The thread starts when it is needed and does not keep the process alive. */
export class SqliteDatabase implements SqlDatabase {
  readonly #path: string
  readonly #timeoutMs: number
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #nextId = 1
  #closed = false

  constructor(path: string, timeoutMs: number) {
    this.#path = path
    this.#timeoutMs = timeoutMs
  }

  async rows(query: PreparedQuery) {
    return (await this.#run(query)).rows
  }

  async change(query: PreparedQuery) {
    return (await this.#run(query)).changes
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#lose('is closed')
  }

  async #run({texts, parameters}: PreparedQuery): Promise<SqliteAnswer> {
    if (this.#closed) throw this.#fault('is closed')
    if (this.#waiting.size >= MAX_WAITING) throw this.#fault('has too many requests waiting')
    const worker = this.#start()
    const id = this.#nextId++
    const answer = new Promise<SqliteAnswer>((resolve, reject) => this.#waiting.set(id, {resolve, reject}))
    worker.ref()
    const request: SqliteRequest = {id, sql: texts.join('?'), parameters}
    worker.postMessage(request)
    // The thread itself stops a query in time; one that hangs all the same is given up.
    const late = () => void this.#lose('hangs').catch(() => undefined)
    return within(answer, this.#timeoutMs * 2, {what: `Database "${this.#path}"`, late})
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    const workerData: SqliteWorkerData = {path: this.#path, timeMs: this.#timeoutMs}
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {workerData})
    const lose = (reason: string) => {
      if (this.#worker === worker) void this.#lose(reason).catch(() => undefined)
    }
    worker.on('message', (reply: SqliteReply) => this.#finish(reply))
    worker.on('error', (error: Error) => lose(error.message))
    worker.on('exit', () => lose('ended'))
    this.#worker = worker
    return worker
  }

  #finish(reply: SqliteReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker?.unref()
    if ('answer' in reply) waiting?.resolve(reply.answer)
    else waiting?.reject(this.#fault(reply.problem))
  }

  async #lose(reason: string): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    for (const {reject} of this.#waiting.values()) reject(this.#fault(reason))
    this.#waiting.clear()
    await worker?.terminate()
  }

  #fault(text: string): Fault {
    return new Fault('unavailable', `Database "${this.#path}": ${text}`)
  }
}
