import type {Strings} from './chunk.js'

/** Base names as octets, one after the other; each becomes a string when it is asked for. */
export class BaseTable implements Strings {
  readonly #octets: Buffer
  readonly #ends: Uint32Array
  readonly #first: number

  /** `ends[n]`: where name `n` ends in `octets`. The table begins with name `first`. */
  constructor(octets: Buffer, ends: Uint32Array, first: number) {
    this.#octets = octets
    this.#ends = ends
    this.#first = first
  }

  at(offset: number): string | undefined {
    const place = this.#first + offset
    const end = this.#ends[place]
    return end === undefined ? undefined : this.#octets.toString('latin1', place === 0 ? 0 : this.#ends[place - 1], end)
  }
}

/** Name endings as numbers in a short list. */
export class InfoTable implements Strings {
  readonly #infos: readonly string[]
  readonly #numbers: Uint32Array

  constructor(infos: readonly string[], numbers: Uint32Array) {
    this.#infos = infos
    this.#numbers = numbers
  }

  at(offset: number): string | undefined {
    return this.#infos[this.#numbers[offset] ?? -1]
  }
}
