/** Memory for one batch of records after the other: new memory for each would have to be touched page by page. */
export class Slab {
  #octets: Buffer = Buffer.alloc(0)

  /** Memory for so many octets; what was given before is no longer valid. */
  take(length: number): Buffer {
    if (this.#octets.length < length) this.#octets = Buffer.allocUnsafeSlow(length)
    return this.#octets.subarray(0, length)
  }
}
