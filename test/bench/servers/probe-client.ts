/** Asks the probe within our server. */
import {once} from 'node:events'
import {connect} from 'node:net'

/** How late the event loop comes to what waits, milliseconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export class Probe {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async #ask(question: string): Promise<unknown> {
    const socket = connect(this.#path)
    try {
      await once(socket, 'connect')
      socket.write(`${question}\n`)
      let text = ''
      while (!text.includes('\n')) text += String((await once(socket, 'data'))[0])
      return JSON.parse(text)
    } finally {
      socket.destroy()
    }
  }

  /** Begins to measure the delay of the event loop. */
  async startDelay(): Promise<void> {
    await this.#ask('delay-start')
  }

  async stopDelay(): Promise<LoopDelay> {
    return (await this.#ask('delay-stop')) as LoopDelay
  }

  /** Collects garbage; answers what is left. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    return (await this.#ask('memory')) as NodeJS.MemoryUsage
  }

  /** Writes the heap down; answers the file's path. */
  async snapshot(): Promise<string> {
    return (await this.#ask('snapshot')) as string
  }
}
