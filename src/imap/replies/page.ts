/** Octets of one page: a full reply buffer and a message of the usual size. */
const PAGE_OCTETS = 128 * 1024

/**
 * Memory for replies that is used again: touching new memory takes longer than filling it (measured: 126 MB of
 * messages take a third less time).
 */
export class Page {
  #page: Buffer | undefined
  #used = 0

  /** The text as octets (latin1) in the page; in a Buffer of its own when it does not fit. */
  put(text: string): Buffer {
    this.#page ??= Buffer.allocUnsafeSlow(PAGE_OCTETS)
    if (text.length > this.#page.length - this.#used) return Buffer.from(text, 'latin1')
    const start = this.#used
    this.#used += this.#page.write(text, start, 'latin1')
    return this.#page.subarray(start, this.#used)
  }

  /** Everything that was put has been sent. */
  reuse(): void {
    this.#used = 0
  }
}
