import {hashOfOctets, hashOfStart} from '../name-hash.js'
import type {Strings} from './chunk.js'

/** Base names as octets, one after the other; each becomes a string when it is asked for. */
export class BaseTable implements Strings {
  /** While it lives, so does the shape of these objects, and V8 keeps what it has compiled for them when no folder is open. */
  static readonly none = new BaseTable(Buffer.alloc(0), new Uint32Array(0), 0)
  readonly #octets: Buffer
  readonly #ends: Uint32Array
  readonly #first: number

  /** `ends[n]`: where name `n` ends in `octets`. The table begins with name `first`. */
  constructor(octets: Buffer, ends: Uint32Array, first: number) {
    this.#octets = octets
    this.#ends = ends
    this.#first = first
  }

  /** A table of these names, latin1 each. */
  static of(names: readonly string[]): BaseTable {
    const ends = new Uint32Array(names.length)
    let end = 0
    for (let at = 0; at < names.length; at += 1) {
      end += names[at]?.length ?? 0
      ends[at] = end
    }
    return new BaseTable(Buffer.from(names.join(''), 'latin1'), ends, 0)
  }

  /** The first so many of these names: a part of the table that they are, or one made of them. */
  static from(names: Strings, count: number): BaseTable {
    return names instanceof BaseTable ? names : BaseTable.of(Array.from({length: count}, (_, offset) => names.at(offset) ?? ''))
  }

  /** The octets of the first so many names. */
  octets(count: number): Buffer {
    return this.#octets.subarray(this.#endBefore(0), this.#endBefore(count))
  }

  /** Where each of as many names as `into` has room for ends, when the first one begins at `start`. */
  copyEnds(into: Uint32Array, start: number): void {
    into.set(this.#ends.subarray(this.#first, this.#first + into.length))
    const shift = start - this.#endBefore(0)
    if (shift === 0) return
    for (let offset = 0; offset < into.length; offset += 1) into[offset] = (into[offset] ?? 0) + shift
  }

  at(offset: number): string | undefined {
    const place = this.#first + offset
    const end = this.#ends[place]
    return end === undefined ? undefined : this.#octets.toString('latin1', this.#endBefore(offset), end)
  }

  /** The hash of a name, beginning with `basis`. */
  hashAt(offset: number, basis: number): number {
    return hashOfOctets(this.#octets, {start: this.#endBefore(offset), end: this.#endBefore(offset + 1)}, basis)
  }

  /** A name is the first `length` characters of a text. */
  isAt(offset: number, text: string, length: number): boolean {
    const start = this.#endBefore(offset)
    if (this.#endBefore(offset + 1) - start !== length) return false
    const octets = this.#octets
    for (let at = 0; at < length; at += 1) if (octets[start + at] !== text.charCodeAt(at)) return false
    return true
  }

  /** The names at these offsets, in ascending order: parts of one string where most of those between them are wanted too. */
  allAt(offsets: Int32Array): string[] {
    const first = offsets[0] ?? 0
    const last = offsets[offsets.length - 1] ?? 0
    const start = this.#endBefore(first)
    const isDense = last - first < 2 * offsets.length
    const text = isDense ? this.#octets.toString('latin1', start, this.#endBefore(last + 1)) : undefined
    const names: string[] = []
    for (let at = 0; at < offsets.length; at += 1) {
      const offset = offsets[at] ?? 0
      names.push(text?.slice(this.#endBefore(offset) - start, this.#endBefore(offset + 1) - start) ?? this.at(offset) ?? '')
    }
    return names
  }

  #endBefore(offset: number): number {
    const place = this.#first + offset
    return place === 0 ? 0 : (this.#ends[place - 1] ?? 0)
  }
}

/** The hash of one of some names, beginning with `basis`. */
export function hashAt(names: Strings, offset: number, basis: number): number {
  if (names instanceof BaseTable) return names.hashAt(offset, basis)
  const name = names.at(offset) ?? ''
  return hashOfStart(name, name.length, basis)
}

/** One of some names is the first `length` characters of a text. */
export function isNameAt(names: Strings, offset: number, {text, length}: {readonly text: string; readonly length: number}): boolean {
  if (names instanceof BaseTable) return names.isAt(offset, text, length)
  const name = names.at(offset)
  return name?.length === length && text.startsWith(name)
}

/** Name endings as numbers in a short list. */
export class InfoTable implements Strings {
  /** As `BaseTable.none`. */
  static readonly none = new InfoTable([], new Uint32Array(0))
  readonly #infos: readonly string[]
  readonly #numbers: Uint32Array | Uint8Array

  constructor(infos: readonly string[], numbers: Uint32Array | Uint8Array) {
    this.#infos = infos
    this.#numbers = numbers
  }

  /** Puts other numbers for the endings into a column. */
  copyNumbers(into: Uint32Array, numberOf: (info: string) => number): void {
    const known = new Int32Array(this.#infos.length).fill(-1)
    for (let offset = 0; offset < into.length; offset += 1) {
      const own = this.#numbers[offset] ?? 0
      let number = known[own] ?? -1
      if (number < 0) {
        number = numberOf(this.#infos[own] ?? '')
        known[own] = number
      }
      into[offset] = number
    }
  }

  at(offset: number): string | undefined {
    return this.#infos[this.#numbers[offset] ?? -1]
  }
}
