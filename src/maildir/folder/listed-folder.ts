/**
 * A folder as it mostly is when it is opened for the first time: each line of the UID database has its file. Then it becomes
 * columns in one go, without a row, a set or a table of names for its messages.
 *
 * Where that is not so, nobody may conclude anything from one listing: `scan.ts` and `merge.ts` find out what is.
 */
import {STRIDE, type Steps} from '../../support/steps.js'
import {baseName, flagsOfName} from '../file-names.js'
import {nextUid, readUidDatabaseHeader, UidDatabaseLines} from '../uid-database.js'
import {BaseTable, InfoTable} from './base-table.js'
import {CHUNK_MESSAGES} from './chunk.js'
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
 * Puts a listing of `cur/` and the text of the UID database together. It takes least time when both are in the same order.
 * undefined: a message is missing or has several names, or UIDs are not in order.
 */
export function* listedFolder(text: string, names: readonly string[]): Steps<ListedFolder | undefined> {
  const header = readUidDatabaseHeader(text)
  if (!header) return undefined
  const infos = new Infos()
  const listing = new Listing(new UidDatabaseLines(text, header.linesStart), names)
  const stretches: ListedColumns[] = []
  for (let size = CHUNK_MESSAGES; size === CHUNK_MESSAGES; ) {
    const columns = new Columns(infos)
    while (listing.fill(columns) === 'elsewhere') yield* listing.findPlaces()
    if (listing.isDoubtful) return undefined
    size = columns.size
    if (size > 0) stretches.push(columns.end())
    yield
  }
  const uidNext = nextUid(header, listing.highest)
  const unknown = yield* listing.rest()
  if (uidNext === undefined || !unknown) return undefined
  return {uidValidity: header.uidValidity, uidNext, stretches, unknown}
}

/** The names in `cur/`, taken one by one as the database has them. */
class Listing {
  readonly #lines: UidDatabaseLines
  readonly #names: readonly string[]
  readonly #taken: Uint8Array
  #left: number
  /** Where the next name is expected. */
  #next = 0
  #highest = 0
  #lastBase = ''
  /** Each base name that was taken comes after the one before, so that all are different. */
  #ascends = true
  /** The line that `#lines` is at has not been taken. */
  #waits = false
  #isDoubtful = false
  /** Places by base names; of several names of a message the last one. */
  #places: ReadonlyMap<string, number> | undefined

  constructor(lines: UidDatabaseLines, names: readonly string[]) {
    this.#lines = lines
    this.#names = names
    this.#taken = new Uint8Array(names.length)
    this.#left = names.length
  }

  /** The highest UID so far. */
  get highest(): number {
    return this.#highest
  }

  /** A line has no name of its own, or its UID is not above those before. */
  get isDoubtful(): boolean {
    return this.#isDoubtful
  }

  /** Takes messages until the columns are full or there are no more. `elsewhere`: a name is not where it was expected, and `findPlaces` has to be asked. */
  fill(columns: Columns): 'done' | 'elsewhere' {
    while (columns.size < CHUNK_MESSAGES && (this.#waits || this.#lines.next())) {
      const {uid, base} = this.#lines
      const isNext = this.#isNext(base)
      this.#waits = !isNext && this.#places === undefined
      if (this.#waits) return 'elsewhere'
      const place = isNext ? this.#next : (this.#places?.get(base) ?? -1)
      this.#isDoubtful ||= place < 0 || this.#taken[place] !== 0 || uid <= this.#highest || base.startsWith('.')
      if (this.#isDoubtful) break
      this.#taken[place] = 1
      this.#left -= 1
      this.#next = place + 1
      this.#highest = uid
      this.#ascends &&= base > this.#lastBase
      this.#lastBase = base
      columns.add(uid, base, this.#names[place]?.slice(base.length) ?? '')
    }
    return 'done'
  }

  /** The next name is one of the message. */
  #isNext(base: string): boolean {
    const name = this.#names[this.#next] ?? ''
    const colon = name.lastIndexOf(':')
    return base.length === (colon < 0 ? name.length : colon) && name.startsWith(base)
  }

  /** Learns where each message is. */
  *findPlaces(): Steps<ReadonlyMap<string, number>> {
    if (this.#places) return this.#places
    const places = new Map<string, number>()
    for (let place = 0; place < this.#names.length; place += 1) {
      places.set(baseName(this.#names[place] ?? ''), place)
      if (place % STRIDE === 0) yield
    }
    this.#places = places
    return places
  }

  /** Base names and endings of messages that were not taken; undefined: some message has several names. */
  *rest(): Steps<Map<string, string> | undefined> {
    const rest = new Map<string, string>()
    if (this.#left === 0 && this.#ascends) return rest
    const places = yield* this.findPlaces()
    if (places.size < this.#names.length) return undefined
    if (this.#left === 0) return rest
    let steps = 0
    for (const [base, place] of places) {
      if (this.#taken[place] === 0 && !base.startsWith('.')) rest.set(base, this.#names[place]?.slice(base.length) ?? '')
      steps += 1
      if (steps % STRIDE === 0) yield
    }
    return rest
  }
}

/** The different endings of names, and their flags. */
class Infos {
  readonly list: string[] = []
  readonly flags: number[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(info: string): number {
    const known = this.#numbers.get(info)
    if (known !== undefined) return known
    const number = this.list.length
    this.#numbers.set(info, number)
    this.flags.push(flagsOfName(info))
    this.list.push(info)
    return number
  }
}

/**
 * The columns of a stretch, which grow message by message. Endings are numbered at its end: what a new one needs is so rare that the
 * engine takes it for something that does not happen, and would compile all that surrounds it once more.
 */
class Columns {
  readonly #infos: Infos
  /** All places are there from the start: an array that grew would be another kind with the first string. */
  readonly #bases = new Array<string>(CHUNK_MESSAGES).fill('')
  readonly #endings = new Array<string>(CHUNK_MESSAGES).fill('')
  readonly #uids = new Uint32Array(CHUNK_MESSAGES)
  #size = 0

  constructor(infos: Infos) {
    this.#infos = infos
  }

  get size(): number {
    return this.#size
  }

  add(uid: number, base: string, info: string): void {
    const at = this.#size
    this.#size = at + 1
    this.#bases[at] = base
    this.#endings[at] = info
    this.#uids[at] = uid
  }

  end(): ListedColumns {
    const size = this.#size
    const numbers = new Uint32Array(size)
    const flags = new Uint8Array(size)
    for (let at = 0; at < size; at += 1) {
      const number = this.#infos.numberOf(this.#endings[at] ?? '')
      numbers[at] = number
      flags[at] = this.#infos.flags[number] ?? 0
    }
    return {
      uids: this.#uids.slice(0, size),
      bases: BaseTable.of(this.#bases.slice(0, size)),
      infos: new InfoTable(this.#infos.list, numbers),
      flags,
    }
  }
}
