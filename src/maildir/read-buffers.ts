import {countedMemory} from '../message/counted-memory.js'
import {WHOLE_FILE_BYTES} from './files.js'

const POOLED_BUFFERS = 4

/** Buffers that message files are read into, each as large as a file that is read at once. Few are kept for the next ones. */
export class ReadBuffers {
  readonly #free: Buffer[] = []
  /** Buffers in memory of `countedMemory`. */
  readonly #counted = new Set<Buffer>()

  take(): Buffer {
    const pooled = this.#free.pop()
    if (pooled) return pooled
    // Each takes 10 GiB of addresses: not one for each slow reader of many.
    if (this.#counted.size >= POOLED_BUFFERS) return Buffer.allocUnsafeSlow(WHOLE_FILE_BYTES)
    const buffer = countedMemory(WHOLE_FILE_BYTES)
    this.#counted.add(buffer)
    return buffer
  }

  /** Those of `countedMemory` are taken first. */
  giveBack(buffer: Buffer): void {
    if (this.#counted.has(buffer)) this.#free.push(buffer)
    else if (this.#free.length < POOLED_BUFFERS) this.#free.unshift(buffer)
  }
}
