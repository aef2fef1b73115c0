const LINE_FEED = 0x0a

/** Lines of a stream one at a time, for tools that read standard input; nothing is read before it is asked for. */
export class LineInput {
  readonly #stream: AsyncIterable<Buffer>
  readonly #maxOctets: number
  #chunks: AsyncIterator<Buffer> | undefined
  #rest = Buffer.alloc(0)

  /** Longer lines are cut at `maxOctets`, the rest is the next line. */
  constructor(stream: AsyncIterable<Buffer>, maxOctets: number) {
    this.#stream = stream
    this.#maxOctets = maxOctets
  }

  /** The next line without its LF, undefined at the end of the stream. CR is kept. */
  async next(): Promise<Buffer | undefined> {
    this.#chunks ??= this.#stream[Symbol.asyncIterator]()
    for (;;) {
      const end = this.#rest.subarray(0, this.#maxOctets + 1).indexOf(LINE_FEED)
      if (end >= 0) return this.#take(end, 1)
      if (this.#rest.length > this.#maxOctets) return this.#take(this.#maxOctets, 0)
      const {value, done} = await this.#chunks.next()
      if (!done) this.#rest = Buffer.concat([this.#rest, Buffer.from(value)])
      else return this.#rest.length > 0 ? this.#take(this.#rest.length, 0) : undefined
    }
  }

  /** Lets go of the stream, so that it does not keep the process alive. */
  async close(): Promise<void> {
    await this.#chunks?.return?.()
  }

  #take(octets: number, skip: number): Buffer {
    const line = this.#rest.subarray(0, octets)
    this.#rest = this.#rest.subarray(octets + skip)
    return line
  }
}
