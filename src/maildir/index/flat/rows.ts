/**
 * What the index knows of each message without looking into its records: columns, 50 octets for each message.
 *
 * Rows are in ascending order of UID as far as they came so; those that came out of order are found by a map.
 */
import {STRIDE, type Steps} from '../../../support/steps.js'
import {PART} from '../../metadata-need.js'
import {
  copyRows,
  DEAD,
  eachRun,
  emptyColumns,
  LEAST_ROOM,
  lowerBound,
  mergePlaces,
  type OrderedRows,
  type RowColumns,
} from './row-columns.js'

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

function deadIn(parts: Uint8Array): number {
  let dead = 0
  for (let place = parts.indexOf(DEAD); place >= 0; place = parts.indexOf(DEAD, place + 1)) dead += 1
  return dead
}

export interface RowsOptions {
  readonly count?: number
  readonly version?: number
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

  /**
   * `count`: rows that lie at the beginning of the columns already, in ascending order of UID; the rest is room for more.
   * `version`: above all earlier ones of the folder.
   */
  constructor(columns: RowColumns = emptyColumns(0), {count = columns.uids.length, version = 1}: RowsOptions = {}) {
    const room = columns.uids.length
    this.#columns = columns
    this.#mtimeHalves = halvesOf(columns.mtimes)
    this.#count = count
    this.#sorted = count
    this.#live = count - deadIn(columns.parts.subarray(0, count))
    this.#epochs = new Uint32Array(room).fill(1)
    this.#stamps = new Float64Array(room).fill(version)
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

  /** The rows as they are. Changes until the columns are others show in them. */
  inOrder(): OrderedRows {
    const columns = this.#columns
    const {parts, uids} = columns
    const places = new Uint32Array(this.#live)
    let count = 0
    for (let place = 0; place < this.#sorted; place += 1) if (parts[place] !== DEAD) places[count++] = place
    const late = Float64Array.from(this.#unsorted.keys()).sort()
    const from = count
    for (const uid of late) {
      const place = this.#unsorted.get(uid) ?? 0
      if (parts[place] !== DEAD) places[count++] = place
    }
    if (count > from && from > 0) mergePlaces(places, from, uids)
    return {columns, places}
  }

  /** Place of the row of a message; -1 when there is none. `guess`: where it may be. */
  find(uid: number, guess = -1): number {
    const {uids, parts} = this.#columns
    if (guess < this.#count && uids[guess] === uid && this.#sorted === this.#count) return parts[guess] !== DEAD ? guess : -1
    if (this.#unsorted.size === 0 && (this.#sorted === 0 || uid > (uids[this.#sorted - 1] ?? 0))) return -1
    const near = lowerBound(uids, uid, this.#sorted)
    const place = near < this.#sorted && uids[near] === uid ? near : (this.#unsorted.get(uid) ?? -1)
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

  /** Drops the rows of messages that do not exist, in steps. */
  *retain(exists: (uid: number) => boolean): Steps<void> {
    const {uids} = this.#columns
    const count = this.#count
    for (let place = 0; place < count; place += 1) {
      const uid = uids[place] ?? 0
      if (!exists(uid)) this.remove(uid)
      if (place % STRIDE === 0) yield
    }
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

  /** Where the records are that rows refer to. */
  records(): {readonly offset: number; readonly length: number}[] {
    const {parts, lengths} = this.#columns
    const records: {readonly offset: number; readonly length: number}[] = []
    for (let place = 0; place < this.#count; place += 1)
      if (parts[place] !== DEAD && lengths[place] !== 0) records.push(this.recordAt(place))
    return records
  }

  /** Records lie elsewhere now: `moved` tells where, by where they lay. A row whose record is not among them tells only `parts`. */
  moveRecords(moved: ReadonlyMap<number, number>, parts: number): void {
    const columns = this.#columns
    for (let place = 0; place < this.#count; place += 1) {
      if (columns.parts[place] === DEAD || columns.lengths[place] === 0) continue
      const offset = moved.get(columns.offsets[place] ?? 0)
      columns.offsets[place] = offset ?? 0
      if (offset !== undefined) continue
      columns.lengths[place] = 0
      columns.parts[place] = (columns.parts[place] ?? DEAD) & parts
      if (columns.parts[place] === DEAD) this.#live -= 1
    }
    this.#version += 1
  }

  #placeFor(uid: number): number {
    const known = this.#anyPlace(uid)
    if (known >= 0) return known
    if (this.#count === this.#columns.uids.length) this.#makeRoom()
    const place = this.#count
    const {uids, parts} = this.#columns
    const isNext = this.#sorted === place && uid > (place > 0 ? (uids[place - 1] ?? 0) : 0)
    this.#count += 1
    uids[place] = uid
    parts[place] = DEAD
    if (isNext) this.#sorted = this.#count
    else this.#unsorted.set(uid, place)
    return place
  }

  /** Also of a row that does not count any more. */
  #anyPlace(uid: number): number {
    const {uids} = this.#columns
    if (this.#sorted > 0 && uid <= (uids[this.#sorted - 1] ?? 0)) {
      const place = lowerBound(uids, uid, this.#sorted)
      if (uids[place] === uid) return place
    }
    return this.#unsorted.get(uid) ?? -1
  }

  /** Room for half as many more; rows that do not count go, and the others are in order. */
  #makeRoom(): void {
    const ordered = this.inOrder()
    const count = ordered.places.length
    const room = Math.max(LEAST_ROOM, Math.ceil(count * 1.5))
    const columns = emptyColumns(room)
    const epochs = new Uint32Array(room)
    const stamps = new Float64Array(room)
    copyRows(ordered, columns, {start: 0, end: count})
    eachRun(ordered.places, (first, length, at) => {
      epochs.set(this.#epochs.subarray(first, first + length), at)
      stamps.set(this.#stamps.subarray(first, first + length), at)
    })
    this.#columns = columns
    this.#mtimeHalves = halvesOf(columns.mtimes)
    this.#epochs = epochs
    this.#stamps = stamps
    this.#count = count
    this.#sorted = count
    this.#unsorted.clear()
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
