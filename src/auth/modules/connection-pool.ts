import {Fault} from '../../support/fault.js'
import {Backoff} from './backoff.js'
import {errorText} from './error-text.js'
import {within} from './within.js'

/** A connection to a server of accounts, used by one request at a time. */
export interface PooledConnection {
  /** False once it is broken or closed. */
  readonly usable: boolean
  close(): Promise<void>
}

export interface ConnectionPoolOptions<C extends PooledConnection> {
  /** What it connects to, for messages. */
  readonly what: string
  readonly connect: () => Promise<C>
  /** Most connections at the same time. */
  readonly limit: number
  /** Longest time for connecting, and for waiting until a connection is free. */
  readonly waitMs: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/** Requests that may wait for a connection. */
const MAX_WAITING = 10_000
/** How long an unused connection is kept; servers drop them too, after longer times. */
const IDLE_MS = 60_000

interface Idle<C> {
  readonly connection: C
  readonly timer: NodeJS.Timeout
}

interface Waiting<C> {
  readonly resolve: (connection: C | undefined) => void
}

/**
 * Connections that requests share. They are made when they are needed; one that broke while it was not used costs nobody an
 * error: the request is repeated once on a new connection. A server that is down is left alone for a while (`Backoff`).
 */
export class ConnectionPool<C extends PooledConnection> {
  readonly #options: ConnectionPoolOptions<C>
  readonly #backoff: Backoff
  readonly #idle: Idle<C>[] = []
  readonly #waiting: Waiting<C>[] = []
  #open = 0
  #closed = false

  constructor(options: ConnectionPoolOptions<C>) {
    this.#options = options
    this.#backoff = new Backoff(options.now)
  }

  /** @throws {Fault} `unavailable` when there is no connection; otherwise what `work` throws */
  async use<T>(work: (connection: C) => Promise<T>): Promise<T> {
    const {connection, isFresh} = await this.#take()
    try {
      return await work(connection)
    } catch (error) {
      // A `Fault` is an answer, or the time is up.
      if (connection.usable || isFresh || error instanceof Fault) throw error
    } finally {
      this.#give(connection)
    }
    this.#dropIdle()
    const {connection: second} = await this.#take()
    try {
      return await work(second)
    } finally {
      this.#give(second)
    }
  }

  /** Connections in use end when their requests do. */
  async close(): Promise<void> {
    this.#closed = true
    for (const {resolve} of this.#waiting.splice(0)) resolve(undefined)
    this.#dropIdle()
  }

  async #take(): Promise<{connection: C; isFresh: boolean}> {
    for (;;) {
      if (this.#closed) throw this.#fault('is closed')
      const connection = this.#takeIdle()
      if (connection) return {connection, isFresh: false}
      if (this.#open < this.#options.limit) return {connection: await this.#connect(), isFresh: true}
      const handed = await this.#wait()
      if (handed?.usable) return {connection: handed, isFresh: false}
      if (handed) this.#forget(handed)
    }
  }

  #takeIdle(): C | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (idle.connection.usable) return idle.connection
      this.#forget(idle.connection)
    }
    return undefined
  }

  async #connect(): Promise<C> {
    const {connect, what, waitMs} = this.#options
    const blocked = this.#backoff.blocked
    if (blocked !== undefined) {
      // The next one waits for the same, and would for as long as it may.
      this.#wakeOne()
      throw new Fault('unavailable', blocked)
    }
    this.#open += 1
    let isLate = false
    try {
      const work = connect()
      work.then((connection) => (isLate ? connection.close() : undefined)).catch(() => undefined)
      const connection = await within(work, waitMs, {
        what,
        late: () => {
          isLate = true
        },
      })
      this.#backoff.succeeded()
      return connection
    } catch (error) {
      this.#open -= 1
      const reason = error instanceof Fault ? error.message : `${what}: ${errorText(error)}`
      this.#backoff.failed(reason)
      this.#wakeOne()
      throw new Fault('unavailable', reason, {cause: error})
    }
  }

  /** A connection that became free; undefined when one may be made. */
  async #wait(): Promise<C | undefined> {
    if (this.#waiting.length >= MAX_WAITING) throw this.#fault('has too many requests waiting')
    let entry: Waiting<C> | undefined
    const wait = new Promise<C | undefined>((resolve) => {
      entry = {resolve}
      this.#waiting.push(entry)
    })
    const late = () => {
      const index = entry === undefined ? -1 : this.#waiting.indexOf(entry)
      if (index >= 0) this.#waiting.splice(index, 1)
    }
    return within(wait, this.#options.waitMs, {what: this.#options.what, late})
  }

  #give(connection: C): void {
    if (!connection.usable || this.#closed) {
      this.#forget(connection)
      return
    }
    const waiting = this.#waiting.shift()
    if (waiting) {
      waiting.resolve(connection)
      return
    }
    const timer = setTimeout(() => {
      const index = this.#idle.findIndex((idle) => idle.connection === connection)
      if (index >= 0) this.#idle.splice(index, 1)
      this.#forget(connection)
    }, IDLE_MS)
    timer.unref()
    this.#idle.push({connection, timer})
  }

  #dropIdle(): void {
    for (const {connection, timer} of this.#idle.splice(0)) {
      clearTimeout(timer)
      this.#forget(connection)
    }
  }

  #forget(connection: C): void {
    this.#open -= 1
    connection.close().catch(() => undefined)
    this.#wakeOne()
  }

  #wakeOne(): void {
    this.#waiting.shift()?.resolve(undefined)
  }

  #fault(text: string): Fault {
    return new Fault('unavailable', `${this.#options.what} ${text}`)
  }
}
