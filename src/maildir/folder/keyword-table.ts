/** Sets of keywords in use in a folder, each held once; messages refer to them by number. Set 0 is the empty one. */
export class KeywordTable {
  readonly #sets: (readonly string[])[] = [[]]
  readonly #numbers = new Map<string, number>([['', 0]])
  /** Lower-case → the spelling that came first (`spec/imap.md` §9.2). */
  readonly #spellings = new Map<string, string>()

  /** Number of a set, in the spellings that the folder has. Order and repetitions do not matter. */
  numberOf(keywords: readonly string[]): number {
    if (keywords.length === 0) return 0
    const spelled = new Map<string, string>()
    for (const keyword of keywords) spelled.set(lower(keyword), this.#spell(keyword))
    const set = [...spelled.values()].sort()
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

  #spell(keyword: string): string {
    const key = lower(keyword)
    const known = this.#spellings.get(key)
    if (known !== undefined) return known
    this.#spellings.set(key, keyword)
    return keyword
  }
}

/** ASCII lower case: keywords differ only beyond it (`spec/maildir.md` §8.2). */
export function lower(keyword: string): string {
  return keyword.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
