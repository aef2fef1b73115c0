import type {FolderName} from './types.js'

/** Subtracted from the time, as Courier does since 4.10 (`spec/maildir.md` §13.1). */
const EPOCH_SECONDS = 1_000_000_000
const NUMBER_MAX = 0xffffffff
/** Names to remember; a name matters only for as long as the clock stays behind its number. */
const REMEMBERED = 10_000

/**
 * Gives new databases their UIDVALIDITY; one for each account and process.
 *
 * The number is the time of the new database in seconds − 1,000,000,000. Courier makes sure that a number is never
 * used again for a name by sleeping two seconds before each DELETE and RENAME; here the numbers are remembered
 * instead: each new one is above the last one given, and above the one that a removed folder of this name had.
 */
export class UidValidities {
  #last = 0
  readonly #retired = new Map<FolderName, number>()

  /** A number for a new database. `seconds`: modification time of the file that will be the database. */
  give(name: FolderName, seconds: number): number {
    const fromTime = Math.min(Math.max(Math.floor(seconds) - EPOCH_SECONDS, 1), NUMBER_MAX)
    const retired = this.#retired.get(name) ?? 0
    const above = Math.max(this.#last, retired) + 1
    // No number is left above: another one must do, clients compare for equality only (RFC 3501 §2.3.1.1).
    const value = above > NUMBER_MAX ? fromTime : Math.max(fromTime, above)
    this.#last = Math.min(value, NUMBER_MAX - 1)
    this.#retired.delete(name)
    return value
  }

  /** Says that the folder of this name is going away, and what number it had. */
  retire(name: FolderName, uidValidity: number): void {
    this.#retired.delete(name)
    this.#retired.set(name, uidValidity)
    if (this.#retired.size <= REMEMBERED) return
    for (const oldest of this.#retired.keys()) {
      this.#retired.delete(oldest)
      break
    }
  }
}
