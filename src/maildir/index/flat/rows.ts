/**
 * What the index knows of each message without looking into its records: columns, 50 octets for each message.
 *
 * Rows are in ascending order of UID as far as they came so; those that came out of order are found by a map.
 */
import {PART} from '../../metadata-need.js'

/** Parts of a row that does not count any more. */
export const DEAD = 0

/** 2³² ns = 4294 ms and 967296 ns. */
const HIGH_MS = 4294
const HIGH_NS = 967296
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** One row, for building. `parts`: bits of `PART`. */
export interface MetadataRow {
  readonly uid: number
  readonly hash: number
  readonly parts: number
  readonly inode: bigint
  readonly mtimeNs: bigint
  readonly storedBytes: number
  /** 0: it is not known. */
  readonly wireBytes: number
  /** Where the record is; length 0: there is none. */
  readonly offset: number
  readonly length: number
}

/** The part of a row that clients see. */
export interface RowFacts {
  readonly internalDateMs: number
  readonly storedBytes: number
  /** undefined: it is not known. */
  readonly wireBytes: number | undefined
}

/** The columns themselves. */
export interface RowColumns {
  readonly uids: Uint32Array
  readonly hashes: Uint32Array
  readonly parts: Uint8Array
  readonly inodes: BigUint64Array
  readonly mtimes: BigInt64Array
  readonly sizes: Float64Array
  readonly wires: Float64Array
  readonly offsets: Float64Array
  readonly lengths: Uint32Array
}

/** What a row takes in columns. */
export const ROW_BYTES = 53

/** Columns of so many rows that lie in memory of `ROW_BYTES` for each, those with the widest numbers first. */
export function columnsIn(memory: ArrayBuffer, rows: number): RowColumns {
  return {
    inodes: new BigUint64Array(memory, 0, rows),
    mtimes: new BigInt64Array(memory, 8 * rows, rows),
    sizes: new Float64Array(memory, 16 * rows, rows),
    wires: new Float64Array(memory, 24 * rows, rows),
    offsets: new Float64Array(memory, 32 * rows, rows),
    uids: new Uint32Array(memory, 40 * rows, rows),
    hashes: new Uint32Array(memory, 44 * rows, rows),
    lengths: new Uint32Array(memory, 48 * rows, rows),
    parts: new Uint8Array(memory, 52 * rows, rows),
  }
}

function emptyColumns(capacity: number): RowColumns {
  return columnsIn(new ArrayBuffer(capacity * ROW_BYTES), capacity)
}

const NAMES = ['uids', 'hashes', 'parts', 'inodes', 'mtimes', 'sizes', 'wires', 'offsets', 'lengths'] as const

/** Copies rows to the same places of other columns. */
export function copyRows(from: RowColumns, to: RowColumns, {start, end}: {readonly start: number; readonly end: number}): void {
  for (const name of NAMES) (to[name] as Uint32Array).set((from[name] as Uint32Array).subarray(start, end), start)
}

function deadIn(parts: Uint8Array): number {
  let dead = 0
  for (let place = parts.indexOf(DEAD); place >= 0; place = parts.indexOf(DEAD, place + 1)) dead += 1
  return dead
}

export class MetadataRows {
  #columns: RowColumns
  #mtimeHalves: Uint32Array
  #count: number
  #sorted: number
  readonly #unsorted = new Map<number, number>()
  /** When a row was compared with its file last. */
  #epochs: Uint32Array
  #epoch = 1
  /** Which entry a row is: the version at which it was put. */
  #stamps: Float64Array
  #version: number
  #live: number

  /** Rows that lie in columns already, in ascending order of UID. `version`: above all earlier ones of the folder. */
  constructor(columns: RowColumns = emptyColumns(0), version = 1) {
    this.#columns = columns
    this.#mtimeHalves = halvesOf(columns.mtimes)
    this.#count = columns.uids.length
    this.#sorted = this.#count
    this.#live = this.#count - deadIn(columns.parts)
    this.#epochs = new Uint32Array(this.#count).fill(1)
    this.#stamps = new Float64Array(this.#count).fill(version)
    this.#version = version
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version
  }

  /** Which entry a row is: another number for each that a message has had. */
  stampAt(place: number): number {
    return this.#stamps[place] ?? 0
  }

  /** Rows that count. */
  get live(): number {
    return this.#live
  }

  /** Octets of the records that rows refer to. */
  get recordBytes(): number {
    const {parts, lengths} = this.#columns
    let bytes = 0
    for (let place = 0; place < this.#count; place += 1) if (parts[place] !== DEAD) bytes += lengths[place] ?? 0
    return bytes
  }

  get columns(): RowColumns {
    return this.#columns
  }

  /** Place of the row of a message; -1 when there is none. `guess`: where it may be. */
  find(uid: number, guess = -1): number {
    const {uids, parts} = this.#columns
    if (guess < this.#count && uids[guess] === uid && this.#sorted === this.#count) return parts[guess] !== DEAD ? guess : -1
    if (this.#unsorted.size === 0 && (this.#sorted === 0 || uid > (uids[this.#sorted - 1] ?? 0))) return -1
    let low = 0
    let high = this.#sorted
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((uids[middle] ?? 0) < uid) low = middle + 1
      else high = middle
    }
    const place = low < this.#sorted && uids[low] === uid ? low : (this.#unsorted.get(uid) ?? -1)
    return place >= 0 && parts[place] !== DEAD ? place : -1
  }

  partsAt(place: number): number {
    return this.#columns.parts[place] ?? DEAD
  }

  hashAt(place: number): number {
    return this.#columns.hashes[place] ?? 0
  }

  /** What a row says of its message's file, without the record. */
  factsAt(place: number): RowFacts {
    const {parts, mtimes, sizes, wires} = this.#columns
    const wireBytes = ((parts[place] ?? 0) & PART.size) === 0 ? undefined : wires[place]
    return {internalDateMs: millisecondsAt(mtimes, place, this.#mtimeHalves), storedBytes: sizes[place] ?? 0, wireBytes}
  }

  /** The row is about this very file. */
  isAbout(place: number, {inode, mtimeNs, storedBytes}: Pick<MetadataRow, 'inode' | 'mtimeNs' | 'storedBytes'>): boolean {
    const {inodes, mtimes, sizes} = this.#columns
    return sizes[place] === storedBytes && mtimes[place] === mtimeNs && inodes[place] === inode
  }

  /** Where the record is. */
  recordAt(place: number): {readonly offset: number; readonly length: number} {
    return {offset: this.#columns.offsets[place] ?? 0, length: this.#columns.lengths[place] ?? 0}
  }

  row(place: number): MetadataRow {
    const {uids, hashes, parts, inodes, mtimes, sizes, wires, offsets, lengths} = this.#columns
    return {
      uid: uids[place] ?? 0,
      hash: hashes[place] ?? 0,
      parts: parts[place] ?? 0,
      inode: inodes[place] ?? 0n,
      mtimeNs: mtimes[place] ?? 0n,
      storedBytes: sizes[place] ?? 0,
      wireBytes: wires[place] ?? 0,
      offset: offsets[place] ?? 0,
      length: lengths[place] ?? 0,
    }
  }

  /** Takes a row in place of the one that the message had; it is the same entry when it is about the same file. */
  put(row: MetadataRow): void {
    const place = this.#placeFor(row.uid)
    const {hashes, parts, inodes, mtimes, sizes, wires, offsets, lengths} = this.#columns
    const wasAlive = parts[place] !== DEAD
    const isSame = wasAlive && hashes[place] === row.hash && this.isAbout(place, row)
    if (wasAlive) this.#live -= 1
    if (row.parts !== DEAD) this.#live += 1
    hashes[place] = row.hash
    parts[place] = row.parts
    inodes[place] = row.inode
    mtimes[place] = row.mtimeNs
    sizes[place] = row.storedBytes
    wires[place] = row.wireBytes
    offsets[place] = row.offset
    lengths[place] = row.length
    this.#epochs[place] = this.#epoch
    this.#version += 1
    if (!isSame) this.#stamps[place] = this.#version
  }

  /** False: there was no such row. */
  remove(uid: number): boolean {
    const place = this.find(uid)
    if (place < 0) return false
    this.#columns.parts[place] = DEAD
    this.#live -= 1
    this.#version += 1
    return true
  }

  /** Drops the rows of messages that do not exist. */
  retain(exists: (uid: number) => boolean): void {
    for (const {uid} of [...this.rows()]) if (!exists(uid)) this.remove(uid)
  }

  /** From now on no row has been compared with its file. */
  doubt(): void {
    this.#epoch += 1
    this.#version += 1
  }

  isDoubtful(place: number): boolean {
    return this.#epochs[place] !== this.#epoch
  }

  confirm(place: number): void {
    this.#epochs[place] = this.#epoch
  }

  /** Puts the rows in order and drops those that do not count. */
  tidy(): void {
    if (this.#live === this.#count && this.#unsorted.size === 0 && this.#columns.uids.length === this.#count) return
    if (this.#live === this.#count && this.#unsorted.size === 0) {
      this.#fit(this.#count)
      return
    }
    const columns = this.#columns
    const places: number[] = []
    for (let place = 0; place < this.#count; place += 1) if (columns.parts[place] !== DEAD) places.push(place)
    if (this.#unsorted.size > 0) places.sort((a, b) => (columns.uids[a] ?? 0) - (columns.uids[b] ?? 0))
    const tidy = emptyColumns(places.length)
    const epochs = new Uint32Array(places.length)
    const stamps = new Float64Array(places.length)
    for (const [to, from] of places.entries()) {
      for (const name of NAMES) (tidy[name] as Uint32Array)[to] = (columns[name] as Uint32Array)[from] as number
      epochs[to] = this.#epochs[from] ?? 0
      stamps[to] = this.#stamps[from] ?? 0
    }
    this.#columns = tidy
    this.#mtimeHalves = halvesOf(tidy.mtimes)
    this.#epochs = epochs
    this.#stamps = stamps
    this.#count = places.length
    this.#sorted = places.length
    this.#unsorted.clear()
  }

  *rows(): Generator<MetadataRow> {
    for (let place = 0; place < this.#count; place += 1) if (this.#columns.parts[place] !== DEAD) yield this.row(place)
  }

  #placeFor(uid: number): number {
    const {uids} = this.#columns
    const last = this.#sorted > 0 ? (uids[this.#sorted - 1] ?? 0) : 0
    if (uid <= last || this.#unsorted.size > 0) {
      const known = this.#anyPlace(uid)
      if (known >= 0) return known
    }
    const place = this.#count
    if (place === uids.length) this.#grow()
    this.#count += 1
    this.#columns.uids[place] = uid
    this.#columns.parts[place] = DEAD
    if (uid > last && this.#sorted === place) this.#sorted = this.#count
    else this.#unsorted.set(uid, place)
    return place
  }

  /** Also of a row that does not count any more. */
  #anyPlace(uid: number): number {
    const {uids} = this.#columns
    let low = 0
    let high = this.#sorted
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((uids[middle] ?? 0) < uid) low = middle + 1
      else high = middle
    }
    return low < this.#sorted && uids[low] === uid ? low : (this.#unsorted.get(uid) ?? -1)
  }

  #grow(): void {
    this.#fit(Math.max(64, Math.ceil(this.#count * 1.5)))
  }

  /** Room for so many rows. */
  #fit(capacity: number): void {
    const fitting = emptyColumns(capacity)
    copyRows(this.#columns, fitting, {start: 0, end: this.#count})
    this.#columns = fitting
    this.#mtimeHalves = halvesOf(this.#columns.mtimes)
    const epochs = new Uint32Array(capacity)
    epochs.set(this.#epochs.subarray(0, this.#count))
    this.#epochs = epochs
    const stamps = new Float64Array(capacity)
    stamps.set(this.#stamps.subarray(0, this.#count))
    this.#stamps = stamps
  }
}

/** Times as pairs of 32 bits. */
function halvesOf(times: BigInt64Array): Uint32Array {
  return new Uint32Array(times.buffer, times.byteOffset, 2 * times.length)
}

/** Whole milliseconds of a time in nanoseconds; exact, and mostly without a BigInt. `halves`: the same times. */
export function millisecondsAt(times: BigInt64Array, place: number, halves: Uint32Array = halvesOf(times)): number {
  const [low, high] = [halves[2 * place] ?? 0, halves[2 * place + 1] ?? 0]
  if (!IS_LITTLE_ENDIAN || high >= 2 ** 31) return Number((times[place] ?? 0n) / 1_000_000n)
  return high * HIGH_MS + Math.floor((high * HIGH_NS + low) / 1_000_000)
}
