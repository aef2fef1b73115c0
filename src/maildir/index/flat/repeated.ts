/** Values of which few come again and again: each is written where it comes first, after that only its number. */
import type {OctetReader, OctetWriter} from './octets.js'

export class RepeatedWriter<T> {
  readonly #numbers = new Map<T, number>()
  readonly #write: (value: T) => void

  /** `write`: a value itself. */
  constructor(write: (value: T) => void) {
    this.#write = write
  }

  write(out: OctetWriter, value: T): void {
    const number = this.#numbers.get(value)
    out.count(number ?? this.#numbers.size)
    if (number !== undefined) return
    this.#numbers.set(value, this.#numbers.size)
    this.#write(value)
  }
}

/** Reads what `RepeatedWriter` wrote. */
export class RepeatedReader<T> {
  readonly #values: T[] = []
  readonly #read: () => T

  /** `read`: a value itself. */
  constructor(read: () => T) {
    this.#read = read
  }

  /** @throws {RangeError} for the number of a value that has not come */
  read(from: OctetReader): T {
    const number = from.count()
    if (number > this.#values.length) throw new RangeError(`There is no value ${number}`)
    if (number === this.#values.length) this.#values.push(this.#read())
    return this.#values[number] as T
  }
}
