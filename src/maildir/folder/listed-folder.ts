/**
 * A folder as it mostly is when it is opened for the first time: each line of the UID database has its file. Then it becomes
 * columns in one go, of octets: without a string, a row, a set or a table of names for its messages.
 *
 * Where that is not so, nobody may conclude anything from one listing: `scan.ts` and `merge.ts` find out what is.
 */
import {Pace} from '../../support/pace.js'
import {paced} from '../../support/steps.js'
import type {NameOctets} from '../name-octets.js'
import {OctetWords} from '../octet-words.js'
import {nextUid, readUidDatabaseHeader} from '../uid-database.js'
import {BaseTable, InfoTable} from './base-table.js'
import {CHUNK_MESSAGES} from './chunk.js'
import {ListedEndings} from './listed-endings.js'
import {ListedLines} from './listed-lines.js'
import type {SnapshotColumns} from './snapshot.js'

/** Messages that have a UID, and those that have none yet. */
export interface ListedFolder {
  readonly uidValidity: number
  readonly uidNext: number
  /** In the order of UIDs. */
  readonly stretches: readonly ListedColumns[]
  /** Messages that the database does not know: base name → ending. */
  readonly unknown: Map<string, string>
}

/** What a name and a line tell of messages. */
export type ListedColumns = Pick<SnapshotColumns, 'uids' | 'bases' | 'infos' | 'flags'>

/**
 * Puts a UID database and the names in `cur/` together, in turn with other work. undefined: a message is missing or has several
 * names, or UIDs are not in order.
 */
export async function listedFolder(database: Buffer, names: AsyncIterable<NameOctets>): Promise<ListedFolder | undefined> {
  const header = readUidDatabaseHeader(database)
  if (!header) return undefined
  const pace = new Pace()
  const lines = await paced(ListedLines.steps(database, header.linesStart), pace)
  if (!lines) return undefined
  const listing = new Listing(lines)
  for await (const some of names) {
    if (!listing.take(some)) return undefined
    if (pace.due) await pace.pause()
  }
  const uidNext = nextUid(header, lines.highestUid)
  if (uidNext === undefined || !listing.isWhole) return undefined
  return {uidValidity: header.uidValidity, uidNext, stretches: listing.columns(), unknown: listing.unknown}
}

const COLON = 0x3a
const DOT = 0x2e

/** Which names the messages have. */
class Listing {
  /** Keeps the shape of these objects alive, as `ListedLines.none` does. */
  static readonly none = new Listing(ListedLines.none)
  /** Of messages that no line tells of. */
  readonly unknown = new Map<string, string>()
  readonly #lines: ListedLines
  readonly #endings = new ListedEndings()
  /** The ending of each line's message, as its number and one more; 0: its name has not come. */
  readonly #numbers: Uint32Array
  #left: number

  constructor(lines: ListedLines) {
    this.#lines = lines
    this.#numbers = new Uint32Array(lines.count)
    this.#left = lines.count
  }

  /** Each line has its name. */
  get isWhole(): boolean {
    return this.#left === 0
  }

  /** Takes names. False: a message has several. */
  take({octets, count, starts, ends}: NameOctets): boolean {
    const words = new OctetWords(octets)
    for (let place = 0; place < count; place += 1) {
      const start = starts[place] ?? 0
      if (octets[start] === DOT) continue
      const end = ends[place] ?? 0
      const baseEnd = endOfBase(octets, start, end)
      const line = this.#lines.find(words, {start, end: baseEnd})
      if (line < 0) {
        if (!this.#isNew(octets.toString('latin1', start, baseEnd), octets.toString('latin1', baseEnd, end))) return false
        continue
      }
      if (this.#numbers[line] !== 0) return false
      this.#numbers[line] = this.#endings.numberOf(octets, baseEnd, end) + 1
      this.#left -= 1
    }
    return true
  }

  #isNew(base: string, info: string): boolean {
    if (this.unknown.has(base)) return false
    this.unknown.set(base, info)
    return true
  }

  /** All messages that have a line. */
  columns(): ListedColumns[] {
    const {uids, octets, ends, count} = this.#lines
    const numbers = this.#numbers
    const flags = new Uint8Array(count)
    for (let line = 0; line < count; line += 1) {
      const number = (numbers[line] ?? 0) - 1
      numbers[line] = number
      flags[line] = this.#endings.flagsOf(number)
    }
    const columns: ListedColumns[] = []
    for (let first = 0; first < count; first += CHUNK_MESSAGES) {
      const end = Math.min(count, first + CHUNK_MESSAGES)
      columns.push({
        uids: uids.subarray(first, end),
        bases: new BaseTable(octets, ends, first),
        infos: new InfoTable(this.#endings.list, numbers.subarray(first, end)),
        flags: flags.subarray(first, end),
      })
    }
    return columns
  }
}

/** Where the last colon of a name stands; its end, if it has none. */
function endOfBase(octets: Buffer, start: number, end: number): number {
  for (let at = end - 1; at >= start; at -= 1) if (octets[at] === COLON) return at
  return end
}
