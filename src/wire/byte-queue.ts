const EMPTY: Buffer = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d

/** Where a line ends: `end` without its line end, `next` behind it. */
interface LineEnd {
  readonly end: number
  readonly next: number
}

/**
 * Octets that were received and not used yet.
 *
 * A chunk is taken over without copying when the queue is empty; else the buffer doubles, so that octets that come
 * one by one cost linear time. An empty queue holds no memory.
 */
export class ByteQueue {
  #buffer: Buffer = EMPTY
  #start = 0
  #end = 0
  /** No LF lies before this place. */
  #searched = 0

  get length(): number {
    return this.#end - this.#start
  }

  push(chunk: Buffer): void {
    if (this.length === 0) {
      this.#buffer = chunk
      this.#start = this.#searched = 0
      this.#end = chunk.length
      return
    }
    const needed = this.length + chunk.length
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(needed)
    chunk.copy(this.#buffer, this.#end)
    this.#end += chunk.length
  }

  /** Moves what is left into a buffer of our own: the old one may be shared with what was given out. */
  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(64, needed * 2))
    this.#buffer.copy(grown, 0, this.#start, this.#end)
    this.#searched -= this.#start
    this.#end -= this.#start
    this.#start = 0
    this.#buffer = grown
  }

  #findLine(): LineEnd | undefined {
    const at = this.#buffer.subarray(0, this.#end).indexOf(LF, this.#searched)
    if (at < 0) {
      this.#searched = this.#end
      return undefined
    }
    const end = at > this.#start && this.#buffer[at - 1] === CR ? at - 1 : at
    return {end, next: at + 1}
  }

  #drop(to: number): void {
    this.#start = this.#searched = to
    if (this.#start === this.#end) this.clear()
  }

  /** The next line without LF or CRLF; undefined when it is not complete. */
  takeLine(): Buffer | undefined {
    const line = this.#findLine()
    if (!line) return undefined
    const bytes = this.#buffer.subarray(this.#start, line.end)
    this.#drop(line.next)
    return bytes
  }

  /** Up to `max` octets; empty when there are none. */
  take(max: number): Buffer {
    const end = Math.min(this.#end, this.#start + max)
    const bytes = this.#buffer.subarray(this.#start, end)
    this.#drop(end)
    return bytes
  }

  clear(): void {
    this.#buffer = EMPTY
    this.#start = this.#end = this.#searched = 0
  }
}
