/** What is made once for each set of settings; a reload with the same settings keeps it. */
export class BySettings<Settings, Made> {
  readonly #made = new Map<string, Made>()
  readonly #make: (settings: Settings) => Made
  /** What was asked for last: each login asks, mostly for the same. */
  #last: {readonly settings: Settings; readonly made: Made} | undefined

  constructor(make: (settings: Settings) => Made) {
    this.#make = make
  }

  for(settings: Settings): Made {
    if (this.#last?.settings === settings) return this.#last.made
    const key = JSON.stringify(settings)
    const made = this.#made.get(key) ?? this.#make(settings)
    this.#made.set(key, made)
    this.#last = {settings, made}
    return made
  }

  [Symbol.iterator](): Iterator<Made> {
    return this.#made.values()
  }
}
