/** Numbers and strings as octets, for the files of the index. Strings are latin1: one octet for each character. */

const STRING_LIMIT = 0x100

const NOTHING: Buffer = Buffer.alloc(0)

/** Collects values. @throws {RangeError} for what cannot be written: a character above U+00FF, a number that is no count */
export class OctetWriter {
  readonly #capacity: number
  #buffer = NOTHING
  #used = 0

  /** `capacity`: what it begins with, at the first octet. */
  constructor(capacity = 1024) {
    this.#capacity = capacity
  }

  /** What was written so far; valid until more is. */
  get octets(): Buffer {
    return this.#buffer.subarray(0, this.#used)
  }

  /** The part of it that begins at `start`. */
  from(start: number): Buffer {
    return this.#buffer.subarray(start, this.#used)
  }

  get length(): number {
    return this.#used
  }

  clear(): void {
    this.#used = 0
  }

  /** Forgets what was written from a place on. */
  cut(length: number): void {
    this.#used = Math.min(this.#used, length)
  }

  /** A whole number from 0 to 2⁵³ − 1, seven bits to an octet. */
  count(value: number): this {
    this.#room(8)
    if (value >= 0 && value < 0x80 && Number.isInteger(value)) {
      this.#buffer[this.#used++] = value
      return this
    }
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no count`)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#used++] = (rest % 0x80) | 0x80
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    this.#buffer[this.#used++] = rest
    return this
  }

  octet(value: number): this {
    this.#room(1)
    this.#buffer[this.#used++] = value
    return this
  }

  uint32(value: number): this {
    this.#room(4)
    this.#used = this.#buffer.writeUInt32LE(value, this.#used)
    return this
  }

  double(value: number): this {
    this.#room(8)
    this.#used = this.#buffer.writeDoubleLE(value, this.#used)
    return this
  }

  /** 64 bits with sign. */
  int64(value: bigint): this {
    this.#room(8)
    this.#used = this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#used)
    return this
  }

  string(value: string): this {
    return this.count(value.length).text(value)
  }

  /** A string without its length. They are short mostly: a loop takes less time than a call of `write`. */
  text(value: string): this {
    this.#room(value.length)
    const buffer = this.#buffer
    const used = this.#used
    let all = 0
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at)
      all |= code
      buffer[used + at] = code
    }
    if (all >= STRING_LIMIT) throw new RangeError('A character above U+00FF')
    this.#used += value.length
    return this
  }

  /** A string that is known to have one octet for each character, without its length. */
  octetsOf(value: string): this {
    this.#room(value.length)
    this.#used += this.#buffer.write(value, this.#used, 'latin1')
    return this
  }

  /** A string that may be missing. */
  maybe(value: string | undefined): this {
    return value === undefined ? this.octet(0) : this.octet(1).string(value)
  }

  bytes(value: Uint8Array): this {
    this.count(value.length)
    return this.raw(value)
  }

  /** Octets without their number. */
  raw(value: Uint8Array): this {
    this.#room(value.length)
    this.#buffer.set(value, this.#used)
    this.#used += value.length
    return this
  }

  /** Puts a number at a place that was written before. */
  patchUint32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at)
  }

  #room(more: number): void {
    if (this.#used + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#used + more, this.#buffer.length * 2, this.#capacity))
    this.#buffer.copy(larger, 0, 0, this.#used)
    this.#buffer = larger
  }
}

/** Reads what `OctetWriter` wrote. @throws {RangeError} where the octets end too soon or make no sense */
export class OctetReader {
  readonly #buffer: Buffer
  #text: string | undefined
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get atEnd(): boolean {
    return this.#at >= this.#buffer.length
  }

  get position(): number {
    return this.#at
  }

  octet(): number {
    const value = this.#buffer[this.#at++]
    if (value === undefined) throw new RangeError('The octets end too soon')
    return value
  }

  count(): number {
    let value = this.octet()
    if (value < 0x80) return value
    value -= 0x80
    for (let scale = 0x80; ; scale *= 0x80) {
      const more = this.octet()
      value += (more & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('A count is too large')
      if (more < 0x80) return value
    }
  }

  uint32(): number {
    const at = this.#take(4)
    return this.#buffer.readUInt32LE(at)
  }

  int64(): bigint {
    const at = this.#take(8)
    return this.#buffer.readBigInt64LE(at)
  }

  string(): string {
    const length = this.count()
    const at = this.#take(length)
    // One conversion for all strings of a record; each is a slice of it.
    this.#text ??= this.#buffer.toString('latin1')
    return this.#text.slice(at, at + length)
  }

  /** A string by itself. */
  latin1(): string {
    return this.bytes().toString('latin1')
  }

  maybe(): string | undefined {
    return this.octet() === 0 ? undefined : this.string()
  }

  /** The octets themselves, not a copy. */
  bytes(): Buffer {
    const length = this.count()
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  #take(length: number): number {
    const at = this.#at
    if (at + length > this.#buffer.length) throw new RangeError('The octets end too soon')
    this.#at = at + length
    return at
  }
}
