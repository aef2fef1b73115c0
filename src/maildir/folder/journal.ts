import type {Uid} from '../types.js'

/** One thing that happened to a folder. `by` is who did it, and needs not be told. */
export type JournalEntry =
  | {readonly kind: 'added'; readonly uids: readonly Uid[]}
  | {readonly kind: 'gone'; readonly uids: readonly Uid[]}
  | {readonly kind: 'flags'; readonly uids: readonly Uid[]; readonly by: object | undefined}

/** UIDs that the journal holds before the oldest entries are dropped. */
const JOURNAL_UIDS = 100_000
const JOURNAL_ENTRIES = 4096

/** What happened to a folder lately, in order. A reader keeps a position; one that fell behind compares snapshots instead. */
export class Journal {
  #entries: JournalEntry[] = []
  /** Position of the first entry that is kept. */
  #first = 0
  #uids = 0

  /** Position after the newest entry. */
  get end(): number {
    return this.#first + this.#entries.length
  }

  add(entry: JournalEntry): void {
    if (entry.uids.length === 0) return
    this.#entries.push(entry)
    this.#uids += entry.uids.length
    while (this.#entries.length > 1 && (this.#uids > JOURNAL_UIDS || this.#entries.length > JOURNAL_ENTRIES)) {
      this.#uids -= this.#entries.shift()?.uids.length ?? 0
      this.#first += 1
    }
  }

  /** Entries from a position on; undefined when some of them have been dropped. */
  since(position: number): readonly JournalEntry[] | undefined {
    return position < this.#first ? undefined : this.#entries.slice(position - this.#first)
  }
}
