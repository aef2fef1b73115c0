/** Sets of keywords in use in a folder, each held once; messages refer to them by number. Set 0 is the empty one. */
export class KeywordTable {
  readonly #sets: (readonly string[])[] = [[]]
  readonly #numbers = new Map<string, number>([['', 0]])

  /** Number of a set, whatever its order. Spellings must be the folder's. */
  numberOf(keywords: readonly string[]): number {
    if (keywords.length === 0) return 0
    const set = [...keywords].sort()
    const key = set.join(' ')
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#sets.length
      this.#sets.push(set)
      this.#numbers.set(key, number)
    }
    return number
  }

  keywords(number: number): readonly string[] {
    return this.#sets[number] ?? []
  }
}
