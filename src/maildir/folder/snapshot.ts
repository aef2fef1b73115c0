/**
 * The messages of a folder at one moment: immutable, ordered by UID, in columns.
 *
 * Columns come in chunks that are copied when they change, so that one flag in a folder of 100,000 messages costs
 * a few microseconds and a hundred sessions share everything else (`design.md` §3).
 */
import {finish, type Steps} from '../../support/steps.js'
import type {FlagBits, Stretch, Uid} from '../types.js'
import {isNameAt} from './base-table.js'
import {
  AS_THEY_ARE,
  basesIn,
  CHUNK_MESSAGES,
  type Chunk,
  type ChunkPart,
  chunkChanged,
  chunkOf,
  chunkWithout,
  concatenated,
  filesIn,
  hashesOf,
  joined,
  type Lacking,
  lacking,
  lowerBound,
  type MessageFiles,
  type MessageRow,
  nameIn,
  rowAt,
  runIn,
  type StateChanges,
  type Strings,
} from './chunk.js'
import {differenceOf, type SnapshotDifference} from './difference.js'
import {stretchesNow, stretchesOf} from './stretches.js'

/** The columns of a stretch of messages. Nobody changes them. */
export interface SnapshotColumns {
  readonly uids: Uint32Array
  readonly bases: Strings
  readonly infos: Strings
  readonly flags: Uint8Array
  readonly keywordSets: Uint32Array
  readonly modseqs: Float64Array
  /** Of some flags, where it is known already. */
  readonly lacking?: readonly Lacking[] | undefined
}

const NO_UIDS: Uint32Array = new Uint32Array(0)

export class Snapshot {
  static readonly empty = new Snapshot([])

  readonly #chunks: readonly Chunk[]
  /** Index of each chunk's first message. */
  readonly #starts: Uint32Array
  /** Where a message was found last. */
  #near = 0
  /** Made when somebody asks. */
  #stretches: readonly Stretch[] | undefined
  /** How many messages lack all of some flags, for those that somebody has asked for. */
  readonly #lacking: Pick<Lacking, 'flags' | 'count'>[] = []
  readonly size: number

  private constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks
    this.#starts = new Uint32Array(chunks.length)
    let size = 0
    for (const [number, chunk] of chunks.entries()) {
      this.#starts[number] = size
      size += chunk.place.uids.length
    }
    this.size = size
  }

  /** Rows must be in ascending order of UID. */
  static of(rows: readonly MessageRow[], form = AS_THEY_ARE): Snapshot {
    return finish(Snapshot.steps(rows, form))
  }

  /** The same in steps. */
  static *steps(rows: readonly MessageRow[], form = AS_THEY_ARE): Steps<Snapshot> {
    const chunks: Chunk[] = []
    for (let at = 0; at < rows.length; at += CHUNK_MESSAGES) {
      chunks.push(chunkOf(rows.slice(at, at + CHUNK_MESSAGES), form))
      yield
    }
    return new Snapshot(chunks)
  }

  /** Stretches as columns, at most `CHUNK_MESSAGES` each, in ascending order of UID. */
  static ofColumns(stretches: readonly SnapshotColumns[]): Snapshot {
    return new Snapshot(
      stretches.map(({uids, bases, infos, flags, keywordSets, modseqs, lacking}) => ({
        place: {uids, bases, hashes: undefined},
        state: {infos, flags, keywordSets, modseqs, lacking},
      })),
    )
  }

  columns(): readonly SnapshotColumns[] {
    return this.#chunks.map(({place: {uids, bases}, state: {infos, flags, keywordSets, modseqs, lacking}}) => {
      return {uids, bases, infos, flags, keywordSets, modseqs, lacking}
    })
  }

  /** The messages are the same as in another snapshot, whatever their flags are; may say no where they are. */
  hasSameMessages(other: Snapshot): boolean {
    if (this === other) return true
    if (this.size !== other.size || this.#chunks.length !== other.#chunks.length) return false
    return this.#chunks.every(({place}, number) => place === other.#chunks[number]?.place)
  }

  /** What has happened since `before`. Stretches that both share are not looked at. */
  since(before: Snapshot): SnapshotDifference {
    return differenceOf(before.#chunks, this.#chunks)
  }

  /** The message at an index from 0. */
  row(index: number): MessageRow {
    const {chunk, offset} = this.#find(index)
    return rowAt(chunk, offset)
  }

  uidAt(index: number): Uid {
    const {chunk, offset} = this.#find(index)
    return (chunk.place.uids[offset] ?? 0) as Uid
  }

  flagsAt(index: number): FlagBits {
    const {chunk, offset} = this.#find(index)
    return chunk.state.flags[offset] ?? 0
  }

  keywordSetAt(index: number): number {
    const {chunk, offset} = this.#find(index)
    return chunk.state.keywordSets[offset] ?? 0
  }

  modseqAt(index: number): number {
    const {chunk, offset} = this.#find(index)
    return chunk.state.modseqs[offset] ?? 0
  }

  baseAt(index: number): string {
    const {chunk, offset} = this.#find(index)
    return chunk.place.bases.at(offset) ?? ''
  }

  /** The hash of a base name (FNV-1a); made once for each. */
  baseHashAt(index: number): number {
    const {chunk, offset} = this.#find(index)
    const {place} = chunk
    place.hashes ??= hashesOf(place)
    return place.hashes[offset] ?? 0
  }

  /** End of the file name, with its `:`. */
  infoAt(index: number): string {
    const {chunk, offset} = this.#find(index)
    return chunk.state.infos.at(offset) ?? ''
  }

  /** File name in `cur/`. */
  nameAt(index: number): string {
    const {chunk, offset} = this.#find(index)
    return nameIn(chunk, offset)
  }

  /** Index of the first message with a UID of at least `uid`; `size` when there is none. */
  firstFrom(uid: number): number {
    const number = this.#chunkFrom(uid)
    const chunk = this.#chunks[number]
    return chunk ? (this.#starts[number] ?? 0) + lowerBound(chunk.place.uids, uid) : this.size
  }

  /** Number of the first chunk whose last UID is at least `uid`; that of all chunks when there is none. */
  #chunkFrom(uid: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const uids = this.#chunks[middle]?.place.uids
      if ((uids?.[uids.length - 1] ?? 0) < uid) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Index of the message with this UID, or -1. Quick for the one that was asked for last, and for the one behind it. */
  indexOf(uid: number): number {
    for (let index = this.#near; index < this.size && index <= this.#near + 1; index += 1) {
      if (this.uidAt(index) !== uid) continue
      this.#near = index
      return index
    }
    const index = this.firstFrom(uid)
    if (index >= this.size || this.uidAt(index) !== uid) return -1
    this.#near = index
    return index
  }

  /** Index of the message with this UID, or -1. `guess`: its index, if no messages before it are gone. */
  indexNear(uid: number, guess: number): number {
    if (guess < this.size && this.uidAt(guess) === uid) return guess
    const index = this.firstFrom(uid)
    return index < this.size && this.uidAt(index) === uid ? index : -1
  }

  /** The base name at an index is the first `length` characters of a text. */
  isNamed(index: number, text: string, length: number): boolean {
    const {chunk, offset} = this.#find(index)
    return isNameAt(chunk.place.bases, offset, {text, length})
  }

  /** Indexes of the messages with these UIDs, -1 for each that does not exist. Quickest where one follows the other. */
  indexesOf(uids: readonly number[]): Int32Array {
    const indexes = new Int32Array(uids.length).fill(-1)
    let column = NO_UIDS
    let start = 0
    let offset = 0
    for (let at = 0; at < uids.length; at += 1) {
      const uid = uids[at] ?? 0
      if (column[offset] !== uid) {
        const number = this.#chunkFrom(uid)
        column = this.#chunks[number]?.place.uids ?? NO_UIDS
        start = this.#starts[number] ?? 0
        offset = lowerBound(column, uid)
        if (column[offset] !== uid) continue
      }
      indexes[at] = start + offset
      offset += 1
    }
    return indexes
  }

  /** Base names of those of these messages that exist, in ascending order of UID. */
  basesOf(uids: readonly number[]): string[] {
    return concatenated(this.partsOf(uids).map(basesIn))
  }

  /** Those of these messages that exist and have all of these flags, in ascending order of UID, with their file names. */
  filesOf(uids: readonly number[], flags: FlagBits): MessageFiles {
    const files = this.partsOf(uids).map((part) => filesIn(part, flags))
    return {uids: concatenated(files.map((each) => each.uids)), names: concatenated(files.map((each) => each.names))}
  }

  *rows(): Generator<MessageRow> {
    for (const chunk of this.#chunks) for (let offset = 0; offset < chunk.place.uids.length; offset += 1) yield rowAt(chunk, offset)
  }

  /** Calls back for each message, without making rows. */
  forEach(visit: (uid: Uid, base: string, info: string) => void): void {
    for (const {place, state} of this.#chunks) {
      for (let offset = 0; offset < place.uids.length; offset += 1)
        visit((place.uids[offset] ?? 0) as Uid, place.bases.at(offset) ?? '', state.infos.at(offset) ?? '')
    }
  }

  /** UIDs of the messages that have all of these flags. */
  uidsWith(flags: FlagBits): Uid[] {
    const uids: Uid[] = []
    for (const {place, state} of this.#chunks) {
      for (let offset = 0; offset < state.flags.length; offset += 1)
        if (((state.flags[offset] ?? 0) & flags) === flags) uids.push((place.uids[offset] ?? 0) as Uid)
    }
    return uids
  }

  /** How many messages lack all of these flags. */
  countWithout(flags: FlagBits): number {
    for (const known of this.#lacking) if (known.flags === flags) return known.count
    let count = 0
    for (const {state} of this.#chunks) count += lacking(state, flags).count
    this.#lacking.push({flags, count})
    return count
  }

  /** The messages in stretches, by their numbers. */
  stretches(): readonly Stretch[] {
    this.#stretches ??= stretchesOf(this.#chunks, this.#starts)
    return this.#stretches
  }

  /** The same of an older snapshot, by their numbers there and as they are now: without stretches of which messages are gone. */
  stretchesOf(before: Snapshot): readonly Stretch[] {
    if (before === this) return this.stretches()
    return stretchesNow({chunks: before.#chunks, starts: before.#starts}, this.#chunks)
  }

  /** Index of the first message without all of these flags; -1 when every one has some. */
  firstWithout(flags: FlagBits): number {
    for (const [number, {state}] of this.#chunks.entries()) {
      const {first} = lacking(state, flags)
      if (first >= 0) return (this.#starts[number] ?? 0) + first
    }
    return -1
  }

  /** With messages added at the end; their UIDs are above all others, ascending. */
  append(rows: readonly MessageRow[], form = AS_THEY_ARE): Snapshot {
    if (rows.length === 0) return this
    const last = this.#chunks.at(-1)
    if (!last || last.place.uids.length >= CHUNK_MESSAGES) return new Snapshot([...this.#chunks, ...Snapshot.of(rows, form).#chunks])
    const room = CHUNK_MESSAGES - last.place.uids.length
    const grown = joined(last, chunkOf(rows.slice(0, room), form))
    return new Snapshot([...this.#chunks.slice(0, -1), grown, ...Snapshot.of(rows.slice(room), form).#chunks])
  }

  /** With the messages of another one behind; their UIDs are above all others. */
  with(more: Snapshot): Snapshot {
    return new Snapshot([...this.#chunks, ...more.#chunks])
  }

  /** Without these messages. */
  without(uids: readonly number[]): Snapshot {
    const doomed = new Map(this.partsOf(uids).map(({number, offsets}) => [number, offsets]))
    if (doomed.size === 0) return this
    const chunks: Chunk[] = []
    for (const [number, chunk] of this.#chunks.entries()) {
      const offsets = doomed.get(number)
      if (!offsets) chunks.push(chunk)
      else if (offsets.length < chunk.place.uids.length) {
        chunks.push(chunkWithout(chunk, offsets))
      }
    }
    return new Snapshot(chunks)
  }

  /** With new flags, names or keywords for some messages, which get a modification sequence; unknown UIDs are passed over. */
  change({uids, states}: StateChanges, modseq = 0): Snapshot {
    const chunks = [...this.#chunks]
    for (let from = 0; from < uids.length; ) {
      const number = this.#chunkFrom(uids[from] ?? 0)
      const chunk = chunks[number]
      if (!chunk) break
      const last = chunk.place.uids[chunk.place.uids.length - 1] ?? 0
      let to = from
      while (to < uids.length && (uids[to] ?? 0) <= last) to += 1
      chunks[number] = chunkChanged(chunk, {uids, states, from, to, modseq})
      from = to
    }
    return chunks.some((chunk, number) => chunk !== this.#chunks[number]) ? new Snapshot(chunks) : this
  }

  #find(index: number): {chunk: Chunk; offset: number} {
    const number = this.#chunkOf(index)
    const chunk = this.#chunks[number]
    if (!chunk || index < 0 || index >= this.size) throw new RangeError(`Message ${index} of ${this.size}`)
    return {chunk, offset: index - (this.#starts[number] ?? 0)}
  }

  /** Number of the chunk with the message at an index. */
  #chunkOf(index: number): number {
    // Full chunks in a row are the common case: guess, then correct.
    let number = Math.min(Math.floor(index / CHUNK_MESSAGES), this.#chunks.length - 1)
    while (number > 0 && (this.#starts[number] ?? 0) > index) number -= 1
    while (number + 1 < this.#chunks.length && (this.#starts[number + 1] ?? 0) <= index) number += 1
    return number
  }

  /** Those of these messages that exist, by stretch, in ascending order. */
  partsOf(uids: readonly number[]): ChunkPart[] {
    return this.#runsOf(uids) ?? this.#scatteredParts(uids)
  }

  /** The same for messages that all exist and follow each other, as those of a command mostly do; undefined where they do not. */
  #runsOf(uids: readonly number[]): ChunkPart[] | undefined {
    const wanted = new Uint32Array(uids)
    const parts: ChunkPart[] = []
    for (let at = 0; at < wanted.length; ) {
      const number = this.#chunkFrom(wanted[at] ?? 0)
      const chunk = this.#chunks[number]
      if (!chunk) return undefined
      // A run goes on to the end of its stretch: what lies before it is out of order.
      const run = number > (parts.at(-1)?.number ?? -1) ? runIn(chunk, number, wanted.subarray(at)) : undefined
      if (!run) return undefined
      parts.push(run)
      at += run.offsets.length
    }
    return parts
  }

  #scatteredParts(uids: readonly number[]): ChunkPart[] {
    const indexes = ascending(this.indexesOf(uids))
    const parts: ChunkPart[] = []
    for (let at = 0; at < indexes.length; ) {
      const number = this.#chunkOf(indexes[at] ?? 0)
      const chunk = this.#chunks[number]
      if (!chunk) break
      const start = this.#starts[number] ?? 0
      const end = start + chunk.place.uids.length
      const first = at
      while (at < indexes.length && (indexes[at] ?? 0) < end) at += 1
      const offsets = indexes.slice(first, at)
      for (let place = 0; place < offsets.length; place += 1) offsets[place] = (offsets[place] ?? 0) - start
      parts.push({number, chunk, offsets})
    }
    return parts
  }
}

/** Indexes without -1, each after the lower ones. */
function ascending(indexes: Int32Array): Int32Array {
  let count = 0
  let last = -1
  let isAscending = true
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] ?? -1
    if (index < 0) continue
    isAscending &&= index > last
    last = index
    indexes[count] = index
    count += 1
  }
  const found = indexes.subarray(0, count)
  return isAscending ? found : found.sort()
}
