/** A stretch of a snapshot's messages in columns. Nobody changes one: what changes makes another, which shares the rest. */
import {BASIS} from '../name-hash.js'
import type {FlagBits, Uid} from '../types.js'
import {BaseTable, hashAt} from './base-table.js'

export const CHUNK_MESSAGES = 1024

/** Strings by place: an array, or something that makes them when somebody asks. */
export interface Strings {
  at(offset: number): string | undefined
}

/** What never changes of a stretch of messages. */
interface Place {
  readonly uids: Uint32Array
  /** Base names: the file name up to its last `:`. */
  readonly bases: Strings
  /** Hashes of the base names, made when somebody asks. */
  hashes: Uint32Array | undefined
}

/** What changes: flags, keywords, file name endings. */
interface State {
  /** The rest of the file name, with its `:`; empty for a name without. Few different strings, shared. */
  readonly infos: Strings
  readonly flags: Uint8Array
  /** Index into the folder's list of keyword sets. */
  readonly keywordSets: Uint32Array
  readonly modseqs: Float64Array
  /** The messages without some flags, for each set of flags that somebody has asked for. */
  lacking: readonly Lacking[] | undefined
}

/** The messages of a stretch that lack all of `flags`. */
export interface Lacking {
  readonly flags: FlagBits
  readonly count: number
  /** Offset of the first one; -1: there is none. */
  readonly first: number
}

export interface Chunk {
  readonly place: Place
  readonly state: State
}

/** One message as a row; for building and for single look-ups. */
export interface MessageRow {
  readonly uid: Uid
  readonly base: string
  readonly info: string
  readonly flags: FlagBits
  readonly keywordSet: number
  readonly modseq: number
}

/** New values for one message; what is left out stays. */
export interface StateChange {
  readonly info?: string
  readonly flags?: FlagBits
  readonly keywordSet?: number
  /** Else that of all changes. */
  readonly modseq?: number
}

/** New values for several messages. */
export interface StateChanges {
  /** In ascending order. */
  readonly uids: readonly Uid[]
  /** What each of them gets. */
  readonly states: readonly StateChange[]
}

/** Changes by UIDs, in their order. */
export function inOrder(changes: ReadonlyMap<number, StateChange>): StateChanges {
  const sorted = [...changes].sort(([a], [b]) => a - b)
  return {uids: sorted.map(([uid]) => uid as Uid), states: sorted.map(([, state]) => state)}
}

/** What rows become in a snapshot. */
export interface RowForm {
  /** Of those that have none. */
  readonly modseq: number
  /** The same object for equal endings. */
  readonly shared: (info: string) => string
}

export const AS_THEY_ARE: RowForm = {modseq: 0, shared: (info) => info}

export function chunkOf(rows: readonly MessageRow[], {modseq, shared} = AS_THEY_ARE): Chunk {
  const size = rows.length
  const [uids, flags, keywordSets] = [new Uint32Array(size), new Uint8Array(size), new Uint32Array(size)]
  const modseqs = new Float64Array(size)
  const [bases, infos]: [string[], string[]] = [[], []]
  for (let at = 0; at < size; at += 1) {
    const row = rows[at]
    if (!row) break
    uids[at] = row.uid
    flags[at] = row.flags
    keywordSets[at] = row.keywordSet
    modseqs[at] = row.modseq || modseq
    bases.push(row.base)
    infos.push(shared(row.info))
  }
  return {place: {uids, bases, hashes: undefined}, state: {infos, flags, keywordSets, modseqs, lacking: undefined}}
}

const NO_SETS = new Uint32Array(CHUNK_MESSAGES)
const NO_SETS_OCTETS = Buffer.from(NO_SETS.buffer)

/** The keyword sets of so many messages without any; the same memory for all. */
export function noKeywords(messages: number): Uint32Array {
  return NO_SETS.subarray(0, messages)
}

/** The keyword sets of a stretch are all the empty one, as they mostly are. */
export function hasNoKeywords({buffer, byteOffset, byteLength}: Uint32Array): boolean {
  return buffer === NO_SETS.buffer || Buffer.from(buffer, byteOffset, byteLength).equals(NO_SETS_OCTETS.subarray(0, byteLength))
}

export function lacking(state: State, wanted: FlagBits): Lacking {
  for (const known of state.lacking ?? []) if (known.flags === wanted) return known
  const lacking = lackingIn(state.flags, wanted)
  state.lacking = [...(state.lacking ?? []), lacking]
  return lacking
}

export function lackingIn(column: Uint8Array, wanted: FlagBits): Lacking {
  let count = 0
  let first = -1
  for (let offset = 0; offset < column.length; offset += 1) {
    if (((column[offset] ?? 0) & wanted) !== 0) continue
    if (count === 0) first = offset
    count += 1
  }
  return {flags: wanted, count, first}
}

export function allOf({uids}: Place, strings: Strings): string[] {
  if (Array.isArray(strings)) return strings.slice()
  return Array.from(uids, (_, offset) => strings.at(offset) ?? '')
}

export function joined({place, state}: Chunk, more: Chunk): Chunk {
  const grow = <T extends Uint8Array | Uint32Array | Float64Array>(into: T, first: T, second: T): T => {
    into.set(first)
    into.set(second, first.length)
    return into
  }
  const size = place.uids.length + more.place.uids.length
  return {
    place: {
      uids: grow(new Uint32Array(size), place.uids, more.place.uids),
      bases: allOf(place, place.bases).concat(allOf(more.place, more.place.bases)),
      hashes: undefined,
    },
    state: {
      infos: allOf(place, state.infos).concat(allOf(more.place, more.state.infos)),
      flags: grow(new Uint8Array(size), state.flags, more.state.flags),
      keywordSets: grow(new Uint32Array(size), state.keywordSets, more.state.keywordSets),
      modseqs: grow(new Float64Array(size), state.modseqs, more.state.modseqs),
      lacking: undefined,
    },
  }
}

/** `gone`: offsets in ascending order. What stays between them is copied run by run: mostly there are few. */
export function chunkWithout({place, state}: Chunk, gone: Int32Array): Chunk {
  const runs = runsBetween(gone, place.uids.length)
  const size = runs.reduce((sum, {start, end}) => sum + end - start, 0)
  const kept = <T extends Uint8Array | Uint32Array | Float64Array>(into: T, column: T): T => {
    let at = 0
    for (const {start, end} of runs) {
      into.set(column.subarray(start, end), at)
      at += end - start
    }
    return into
  }
  const keptStrings = (strings: Strings) => {
    const all = allOf(place, strings)
    return concatenated(runs.map(({start, end}) => all.slice(start, end)))
  }
  return {
    place: {uids: kept(new Uint32Array(size), place.uids), bases: keptStrings(place.bases), hashes: undefined},
    state: {
      infos: keptStrings(state.infos),
      flags: kept(new Uint8Array(size), state.flags),
      keywordSets: kept(new Uint32Array(size), state.keywordSets),
      modseqs: kept(new Float64Array(size), state.modseqs),
      lacking: undefined,
    },
  }
}

/** Half-open ranges of the offsets below `size` that are not among these. */
function runsBetween(gone: Int32Array, size: number): {readonly start: number; readonly end: number}[] {
  const runs: {readonly start: number; readonly end: number}[] = []
  let start = 0
  for (const offset of gone) {
    if (offset > start) runs.push({start, end: offset})
    start = offset + 1
  }
  if (start < size) runs.push({start, end: size})
  return runs
}

/** The hash of each base name (FNV-1a), as the index keeps it. */
export function hashesOf({uids, bases}: Place): Uint32Array {
  const hashes = new Uint32Array(uids.length)
  for (let offset = 0; offset < hashes.length; offset += 1) hashes[offset] = hashAt(bases, offset, BASIS)
  return hashes
}

/** File name in `cur/`. */
export function nameIn({place, state}: Chunk, offset: number): string {
  return `${place.bases.at(offset) ?? ''}${state.infos.at(offset) ?? ''}`
}

/** Messages by their UIDs, with their file names. */
export interface MessageFiles {
  readonly uids: readonly Uid[]
  readonly names: readonly string[]
}

/** Some messages of a stretch. */
export interface ChunkPart {
  /** Of the stretch in its snapshot. */
  readonly number: number
  readonly chunk: Chunk
  /** In ascending order. */
  readonly offsets: Int32Array
}

/** The offsets in a stretch: those of a run of messages are a part of it. */
const OFFSETS = Int32Array.from({length: CHUNK_MESSAGES}, (_, offset) => offset)

/** The first of these messages, as far as the stretch reaches, when they follow each other in it; undefined: they do not. */
export function runIn(chunk: Chunk, number: number, wanted: Uint32Array): ChunkPart | undefined {
  const {uids} = chunk.place
  const start = lowerBound(uids, wanted[0] ?? 0)
  const found = uids.subarray(start, start + wanted.length)
  const isRun = found.length > 0 && octetsOf(found).equals(octetsOf(wanted.subarray(0, found.length)))
  return isRun ? {number, chunk, offsets: OFFSETS.subarray(start, start + found.length)} : undefined
}

/** The first messages of a chunk are all those of another one. */
export function holdsFirst(chunk: Chunk, {place}: Chunk): boolean {
  const {uids} = chunk.place
  return chunk.place === place || octetsOf(uids.subarray(0, place.uids.length)).equals(octetsOf(place.uids))
}

function octetsOf({buffer, byteOffset, byteLength}: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Those of a part that have all of these flags. */
export function filesIn({chunk, offsets}: ChunkPart, flags: FlagBits): MessageFiles {
  const {place, state} = chunk
  const uids: Uid[] = []
  const names: string[] = []
  const bases = basesAt(place.bases, offsets)
  for (let at = 0; at < offsets.length; at += 1) {
    const offset = offsets[at] ?? 0
    if (((state.flags[offset] ?? 0) & flags) !== flags) continue
    uids.push((place.uids[offset] ?? 0) as Uid)
    names.push(`${bases[at]}${state.infos.at(offset) ?? ''}`)
  }
  return {uids, names}
}

export function basesIn({chunk, offsets}: ChunkPart): string[] {
  return basesAt(chunk.place.bases, offsets)
}

/** `offsets` in ascending order. */
export function basesAt(bases: Strings, offsets: Int32Array): string[] {
  if (bases instanceof BaseTable) return bases.allAt(offsets)
  const found: string[] = []
  for (let at = 0; at < offsets.length; at += 1) found.push(bases.at(offsets[at] ?? 0) ?? '')
  return found
}

/** All of these arrays as one. */
export function concatenated<T>(arrays: readonly (readonly T[])[]): T[] {
  const none: T[] = []
  return none.concat(...arrays)
}

export function rowAt({place, state}: Chunk, offset: number): MessageRow {
  return {
    uid: (place.uids[offset] ?? 0) as Uid,
    base: place.bases.at(offset) ?? '',
    info: state.infos.at(offset) ?? '',
    flags: state.flags[offset] ?? 0,
    keywordSet: state.keywordSets[offset] ?? 0,
    modseq: state.modseqs[offset] ?? 0,
  }
}

/** A message has the same state at two places. */
export function isSameState(a: State, offsetA: number, b: State, offsetB: number): boolean {
  return (
    a.modseqs[offsetA] === b.modseqs[offsetB] &&
    a.keywordSets[offsetA] === b.keywordSets[offsetB] &&
    a.infos.at(offsetA) === b.infos.at(offsetB)
  )
}

export interface ChunkChange extends StateChanges {
  /** Those that concern the stretch are from here on, */
  readonly from: number
  /** and end here. */
  readonly to: number
  /** Of changes that have none. */
  readonly modseq: number
}

/** The same chunk when it has none of the messages. */
export function chunkChanged(chunk: Chunk, change: ChunkChange): Chunk {
  const {place, state} = chunk
  const offsets = offsetsOf(place, change)
  const isKnown = (offset: number) => offset >= 0
  if (!offsets.some(isKnown)) return chunk
  const {states, from, modseq} = change
  const next = {
    infos: allOf(place, state.infos),
    flags: state.flags.slice(),
    keywordSets: setsKeywords(change) ? state.keywordSets.slice() : state.keywordSets,
    modseqs: state.modseqs.slice(),
    lacking: undefined,
  }
  for (let at = 0; at < offsets.length; at += 1) {
    const offset = offsets[at] ?? -1
    const {info, flags, keywordSet, modseq: own} = states[from + at] ?? {}
    if (offset < 0) continue
    if (info !== undefined) next.infos[offset] = info
    if (flags !== undefined) next.flags[offset] = flags
    if (keywordSet !== undefined) next.keywordSets[offset] = keywordSet
    next.modseqs[offset] = own ?? modseq
  }
  return {place, state: next}
}

/** Where the messages of a change are; -1: not in this stretch. */
function offsetsOf({uids: column}: Place, {uids, from, to}: ChunkChange): Int32Array {
  const offsets = new Int32Array(to - from)
  let offset = 0
  for (let at = from; at < to; at += 1) {
    const uid = uids[at] ?? 0
    if (column[offset] !== uid) offset = lowerBound(column, uid)
    const isThere = column[offset] === uid
    offsets[at - from] = isThere ? offset : -1
    if (isThere) offset += 1
  }
  return offsets
}

function setsKeywords({states, from, to}: ChunkChange): boolean {
  for (let at = from; at < to; at += 1) if (states[at]?.keywordSet !== undefined) return true
  return false
}

/** First offset in an ascending column whose value is at least `wanted`. */
export function lowerBound(column: Uint32Array, wanted: number): number {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((column[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
