/** Messages that folders without a session may hold in memory, in all; about 200 octets each. */
const LIMIT_MESSAGES = 200_000

/** Folders that nobody has open, kept for the next session; the longest unused go first. One for each process. */
export class IdleFolders {
  readonly #limit: number
  readonly #kept = new Map<object, {readonly messages: number; readonly drop: () => void}>()
  #messages = 0

  constructor(limitMessages: number = LIMIT_MESSAGES) {
    this.#limit = limitMessages
  }

  /** Keeps a folder until it is used again or its place is needed; then `drop` is called. */
  keep(folder: object, messages: number, drop: () => void): void {
    this.use(folder)
    const cost = messages + 100
    this.#kept.set(folder, {messages: cost, drop})
    this.#messages += cost
    for (const [oldest, entry] of this.#kept) {
      if (this.#messages <= this.#limit) return
      this.use(oldest)
      entry.drop()
    }
  }

  /** The folder is in use again, or gone. */
  use(folder: object): void {
    const entry = this.#kept.get(folder)
    if (!entry) return
    this.#kept.delete(folder)
    this.#messages -= entry.messages
  }
}
