/** Plain data that another process has sent: read field by field, because a process that was taken over sends what it likes. */
import {BadSyntax} from './fault.js'

export class PlainRecord {
  readonly #fields: Readonly<Record<string, unknown>>

  /** @throws {BadSyntax} when it is no object */
  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadSyntax('An object is expected')
    this.#fields = value as Record<string, unknown>
  }

  #field(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  has(name: string): boolean {
    return this.#field(name) !== undefined && this.#field(name) !== null
  }

  /** @throws {BadSyntax} when it is no text, or longer than `max` characters */
  text(name: string, max: number): string {
    const value = this.#field(name)
    if (typeof value !== 'string' || value.length > max) throw new BadSyntax(`"${name}" must be a text of at most ${max} characters`)
    return value
  }

  /** One of these words. @throws {BadSyntax} */
  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#field(name)
    const found = words.find((word) => word === value)
    if (found === undefined) throw new BadSyntax(`"${name}" must be one of ${words.join(', ')}`)
    return found
  }

  /** A whole number from `min` to `max`. @throws {BadSyntax} */
  integer(name: string, {min = 0, max = Number.MAX_SAFE_INTEGER}: {readonly min?: number; readonly max?: number} = {}): number {
    const value = this.#field(name)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw new BadSyntax(`"${name}" must be a number from ${min} to ${max}`)
    return value
  }

  /** @throws {BadSyntax} */
  number(name: string): number {
    const value = this.#field(name)
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadSyntax(`"${name}" must be a number`)
    return value
  }

  /** @throws {BadSyntax} */
  flag(name: string): boolean {
    const value = this.#field(name)
    if (typeof value !== 'boolean') throw new BadSyntax(`"${name}" must be true or false`)
    return value
  }

  /** Octets that were sent as base64. @throws {BadSyntax} when there are more than `max` */
  octets(name: string, max: number): Buffer {
    return Buffer.from(this.text(name, Math.ceil(max / 3) * 4), 'base64')
  }

  /** @throws {BadSyntax} */
  record(name: string): PlainRecord {
    return new PlainRecord(this.#field(name))
  }

  /** A field as it is, for another reader. */
  value(name: string): unknown {
    return this.#field(name)
  }

  /** Pairs of texts. @throws {BadSyntax} when there are more than `maxPairs`, or one is longer than `maxText` */
  pairs(name: string, {maxPairs, maxText}: {readonly maxPairs: number; readonly maxText: number}): (readonly [string, string])[] {
    const value = this.#field(name)
    if (!Array.isArray(value) || value.length > maxPairs) throw new BadSyntax(`"${name}" must be a list of at most ${maxPairs} pairs`)
    return value.map((pair: unknown) => {
      const [key, text] = Array.isArray(pair) ? (pair as unknown[]) : []
      const isRight = [key, text].every((each) => typeof each === 'string' && each.length <= maxText)
      if (!isRight) throw new BadSyntax(`"${name}" must be a list of pairs of texts`)
      return [key as string, text as string] as const
    })
  }
}
