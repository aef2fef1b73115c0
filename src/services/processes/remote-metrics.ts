import type {Log} from '../../log/log.js'
import type {ServerHandle} from '../../net/server-handle.js'
import {Fault} from '../../support/fault.js'
import {MetricsServer} from '../metrics/metrics-server.js'
import {tell} from './role-channel.js'

/** The supervisor waits for processes that hang. */
const ANSWER_MS = 8_000

interface Waiting {
  readonly resolve: (text: string) => void
  readonly timer: NodeJS.Timeout
}

/** Serves `/metrics` in the front: root reads no request, it is only asked for the text. */
export class RemoteMetrics {
  readonly #server: MetricsServer
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(options: {readonly bound: readonly ServerHandle[]; readonly log: Log}) {
    this.#server = new MetricsServer({...options, endpoints: [], text: () => this.#text()})
  }

  open(): Promise<void> {
    return this.#server.open()
  }

  #text(): Promise<string> {
    const request = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(request)
        reject(new Fault('unavailable', 'The supervisor does not answer'))
      }, ANSWER_MS)
      this.#waiting.set(request, {resolve, timer})
      tell({kind: 'metrics', request})
    })
  }

  /** What the supervisor answers. */
  take(request: number, text: string): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    clearTimeout(waiting?.timer)
    waiting?.resolve(text)
  }

  stop(): void {
    this.#server.stop()
  }
}
