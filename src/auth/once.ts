/** Tells what has been said already. When too much has, it begins anew. */
export class Once {
  readonly #said = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** True the first time. */
  isFirst(key: string): boolean {
    if (this.#said.has(key)) return false
    if (this.#said.size >= this.#limit) this.#said.clear()
    this.#said.add(key)
    return true
  }
}
