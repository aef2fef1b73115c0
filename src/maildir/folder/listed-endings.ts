import {flagsOfName} from '../file-names.js'

/** Endings that are found by their octets: folders mostly have ten or less. */
const SLOTS = 64

/** The different endings of names, and their flags. */
export class ListedEndings {
  readonly list: string[] = []
  readonly #flags: number[] = []
  readonly #octets: Buffer[] = []
  readonly #numbers = new Map<string, number>()
  /** The number of an ending and one more, at the place that its octets tell; of several there the last. */
  readonly #slots = new Uint32Array(SLOTS)

  /** The number of an ending, which stands in these octets. */
  numberOf(octets: Buffer, start: number, end: number): number {
    let hash = end - start
    for (let at = start; at < end; at += 1) hash = Math.imul(hash, 31) + (octets[at] ?? 0)
    const slot = (hash ^ (hash >>> 7)) & (SLOTS - 1)
    const number = (this.#slots[slot] ?? 0) - 1
    if (number >= 0 && this.#is(number, octets, {start, end})) return number
    const found = this.#find(octets.toString('latin1', start, end))
    this.#slots[slot] = found + 1
    return found
  }

  flagsOf(number: number): number {
    return this.#flags[number] ?? 0
  }

  #is(number: number, octets: Buffer, {start, end}: {readonly start: number; readonly end: number}): boolean {
    const known = this.#octets[number]
    if (known?.length !== end - start) return false
    for (let at = 0; at < known.length; at += 1) if (known[at] !== octets[start + at]) return false
    return true
  }

  #find(info: string): number {
    const known = this.#numbers.get(info)
    if (known !== undefined) return known
    const number = this.list.length
    this.#numbers.set(info, number)
    this.#flags.push(flagsOfName(info))
    this.#octets.push(Buffer.from(info, 'latin1'))
    this.list.push(info)
    return number
  }
}
