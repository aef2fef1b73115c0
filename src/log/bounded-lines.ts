import type {Writable} from 'node:stream'

/** What may wait for a reader that is slow or has stopped. */
const MAX_WAITING_OCTETS = 4 * 1024 * 1024

/** Lines to a stream that may not be read: what has no room is counted instead of kept, and told when there is room again. */
export class BoundedLines {
  readonly #stream: Writable
  readonly #lostLine: (count: number) => string
  #untold = 0
  /** Lines that could not be written. */
  lost = 0

  constructor(stream: Writable, lostLine: (count: number) => string) {
    this.#stream = stream
    this.#lostLine = lostLine
    // Whoever reads it may go away: the server goes on.
    stream.on('error', () => undefined)
  }

  write(lines: string): void {
    if (this.#stream.writableLength > MAX_WAITING_OCTETS) {
      const count = lines.split('\n').length - 1
      this.lost += count
      this.#untold += count
      return
    }
    if (this.#untold > 0) this.#stream.write(`${this.#lostLine(this.#untold)}\n`)
    this.#untold = 0
    this.#stream.write(lines)
  }
}
