/**
 * `view`: all that is known of a folder at one moment, in columns; replaced whole.
 *
 *     magic, version, CRC-32 of all after it (beginning with the folder's seed), length of the head     16 octets
 *     head: generations, state of the folder, tables of name endings and keyword sets
 *     columns, those with the widest numbers first, so that typed arrays can lie in the file as it was read
 *     base names
 *
 * A folder of 100,000 messages is 13 MB, read and checked in a few milliseconds; names become strings when needed.
 */
import {Pace} from '../../../support/pace.js'
import {BaseTable, InfoTable} from '../../folder/base-table.js'
import {CHUNK_MESSAGES, hasNoKeywords} from '../../folder/chunk.js'
import type {FolderIdentity} from '../../folder/identity.js'
import {Snapshot, type SnapshotColumns} from '../../folder/snapshot.js'
import type {FolderState} from '../metadata-index.js'
import {crc32} from './checksum.js'
import {readIdentity, readStrings, writeIdentity, writeStrings} from './folder-octets.js'
import {OctetReader, OctetWriter} from './octets.js'
import type {RowColumns} from './rows.js'

const MAGIC = 0x31564e43
const VERSION = 4
const FIXED_BYTES = 16
/** About a millisecond. */
const CHECKED_AT_ONCE = 1024 * 1024

/** Folder state without what becomes stale at once. */
export interface ViewState {
  readonly uidValidity: number
  readonly uidNext: number
  readonly highestModseq: number
  readonly identity: FolderIdentity | undefined
  readonly snapshot: Snapshot
  /** By number in the snapshot. */
  readonly keywordSets: readonly (readonly string[])[]
}

export interface ViewFile {
  readonly generation: number
  readonly recordsGeneration: number
  readonly recordsEnd: number
  readonly state: ViewState
  readonly rows: RowColumns
}

/** Places of the columns for so many messages and rows. */
function layout(start: number, messages: number, rows: number) {
  let at = Math.ceil(start / 8) * 8
  const take = (bytes: number) => {
    const from = at
    at += bytes
    return from
  }
  return {
    modseqs: take(8 * messages),
    inodes: take(8 * rows),
    mtimes: take(8 * rows),
    sizes: take(8 * rows),
    wires: take(8 * rows),
    offsets: take(8 * rows),
    uids: take(4 * messages),
    baseEnds: take(4 * messages),
    keywordSets: take(4 * messages),
    infos: take(4 * messages),
    rowUids: take(4 * rows),
    hashes: take(4 * rows),
    lengths: take(4 * rows),
    parts: take(rows),
    flags: take(messages),
    get end() {
      return at
    },
  }
}

/** The state of a folder as it can be written: keyword sets in a table of their own. */
export function viewState(state: FolderState): ViewState {
  const keywordSets: (readonly string[])[] = [[]]
  for (const columns of state.snapshot.columns()) {
    if (hasNoKeywords(columns.keywordSets)) continue
    for (const set of columns.keywordSets) keywordSets[set] ??= state.keywords(set)
  }
  for (let set = 0; set < keywordSets.length; set += 1) keywordSets[set] ??= []
  const {uidValidity, uidNext, highestModseq, identity, snapshot} = state
  return {uidValidity, uidNext, highestModseq, identity, snapshot, keywordSets}
}

/** The octets of a file, in turn with other work. `rows` must be in order, and is read before the first pause. */
export async function encodeView({generation, recordsGeneration, recordsEnd, state, rows}: ViewFile, seed: number): Promise<Buffer[]> {
  const {snapshot} = state
  const {infos, numbers} = endingsOf(snapshot)
  const head = new OctetWriter()
  head.count(generation).count(recordsGeneration).count(recordsEnd)
  head.count(state.uidValidity).count(state.uidNext).count(state.highestModseq)
  writeIdentity(head, state.identity)
  head.count(snapshot.size).count(rows.uids.length)
  writeStrings(head, infos)
  head.count(state.keywordSets.length)
  for (const set of state.keywordSets) writeStrings(head, set)

  const places = layout(FIXED_BYTES + head.length, snapshot.size, rows.uids.length)
  const octets = Buffer.alloc(places.end)
  const {buffer, byteOffset} = octets
  octets.set(head.octets, FIXED_BYTES)
  const put = (column: {readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number}, at: number) =>
    octets.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at)
  put(rows.inodes, places.inodes)
  put(rows.mtimes, places.mtimes)
  put(rows.sizes, places.sizes)
  put(rows.wires, places.wires)
  put(rows.offsets, places.offsets)
  put(rows.uids, places.rowUids)
  put(rows.hashes, places.hashes)
  put(rows.lengths, places.lengths)
  put(rows.parts, places.parts)
  put(numbers, places.infos)

  const pace = new Pace()
  const ends = new Uint32Array(buffer, byteOffset + places.baseEnds, snapshot.size)
  const stretches: Buffer[] = []
  let namesBytes = 0
  let index = 0
  for (const columns of snapshot.columns()) {
    const count = columns.uids.length
    put(columns.modseqs, places.modseqs + 8 * index)
    put(columns.uids, places.uids + 4 * index)
    put(columns.keywordSets, places.keywordSets + 4 * index)
    put(columns.flags, places.flags + index)
    const table = BaseTable.from(columns.bases, count)
    table.copyEnds(ends.subarray(index, index + count), namesBytes)
    const some = table.octets(count)
    stretches.push(some)
    namesBytes += some.length
    index += count
    if (pace.due) await pace.pause()
  }
  const names = Buffer.concat(stretches, namesBytes)
  octets.writeUInt32LE(MAGIC, 0)
  octets.writeUInt32LE(VERSION, 4)
  octets.writeUInt32LE(head.length, 12)
  octets.writeUInt32LE(await checksumOf([octets.subarray(12), names], seed, pace), 8)
  return [octets, names]
}

/** The different endings of names, and the number of each message's. */
function endingsOf(snapshot: Snapshot): {readonly infos: readonly string[]; readonly numbers: Uint32Array} {
  const known = new Map<string, number>()
  const numberOf = (info: string) => {
    let number = known.get(info)
    if (number === undefined) {
      number = known.size
      known.set(info, number)
    }
    return number
  }
  const numbers = new Uint32Array(snapshot.size)
  let index = 0
  for (const {uids, infos} of snapshot.columns()) {
    const some = numbers.subarray(index, index + uids.length)
    if (infos instanceof InfoTable) infos.copyNumbers(some, numberOf)
    else for (let offset = 0; offset < some.length; offset += 1) some[offset] = numberOf(infos.at(offset) ?? '')
    index += uids.length
  }
  return {infos: [...known.keys()], numbers}
}

/** CRC-32 of octets that lie in several places, in turn with other work. */
async function checksumOf(places: readonly Buffer[], seed: number, pace: Pace): Promise<number> {
  let crc = seed
  for (const octets of places) {
    for (let at = 0; at < octets.length; at += CHECKED_AT_ONCE) {
      crc = crc32(octets.subarray(at, at + CHECKED_AT_ONCE), crc)
      if (pace.due) await pace.pause()
    }
  }
  return crc
}

/** undefined: the file is damaged, of another folder or of another version. */
export function decodeView(file: ArrayBuffer, seed: number): ViewFile | undefined {
  const octets = Buffer.from(file)
  if (octets.length < FIXED_BYTES || octets.readUInt32LE(0) !== MAGIC || octets.readUInt32LE(4) !== VERSION) return undefined
  if (crc32(octets.subarray(12), seed) !== octets.readUInt32LE(8)) return undefined
  const headLength = octets.readUInt32LE(12)
  const from = new OctetReader(octets.subarray(FIXED_BYTES, FIXED_BYTES + headLength))
  const [generation, recordsGeneration, recordsEnd] = [from.count(), from.count(), from.count()]
  const [uidValidity, uidNext, highestModseq] = [from.count(), from.count(), from.count()]
  const identity = readIdentity(from)
  const [messages, rowCount] = [from.count(), from.count()]
  const infos = readStrings(from)
  const keywordSets: string[][] = []
  for (let left = from.count(); left > 0; left -= 1) keywordSets.push(readStrings(from))
  const places = layout(FIXED_BYTES + headLength, messages, rowCount)
  if (places.end > octets.length) return undefined

  const snapshot = snapshotOf({file, places, messages, infos, names: octets.subarray(places.end)})
  const rows: RowColumns = {
    uids: new Uint32Array(file, places.rowUids, rowCount),
    hashes: new Uint32Array(file, places.hashes, rowCount),
    parts: new Uint8Array(file, places.parts, rowCount),
    inodes: new BigUint64Array(file, places.inodes, rowCount),
    mtimes: new BigInt64Array(file, places.mtimes, rowCount),
    sizes: new Float64Array(file, places.sizes, rowCount),
    wires: new Float64Array(file, places.wires, rowCount),
    offsets: new Float64Array(file, places.offsets, rowCount),
    lengths: new Uint32Array(file, places.lengths, rowCount),
  }
  return {
    generation,
    recordsGeneration,
    recordsEnd,
    state: {uidValidity, uidNext, highestModseq, identity, snapshot, keywordSets},
    rows,
  }
}

interface SnapshotOctets {
  readonly file: ArrayBuffer
  readonly places: ReturnType<typeof layout>
  readonly messages: number
  readonly infos: readonly string[]
  readonly names: Buffer
}

function snapshotOf({file, places, messages, infos, names}: SnapshotOctets): Snapshot {
  const ends = new Uint32Array(file, places.baseEnds, messages)
  const stretches: SnapshotColumns[] = []
  for (let first = 0; first < messages; first += CHUNK_MESSAGES) {
    const count = Math.min(CHUNK_MESSAGES, messages - first)
    stretches.push({
      uids: new Uint32Array(file, places.uids + 4 * first, count),
      bases: new BaseTable(names, ends, first),
      infos: new InfoTable(infos, new Uint32Array(file, places.infos + 4 * first, count)),
      flags: new Uint8Array(file, places.flags + first, count),
      keywordSets: new Uint32Array(file, places.keywordSets + 4 * first, count),
      modseqs: new Float64Array(file, places.modseqs + 8 * first, count),
    })
  }
  return Snapshot.ofColumns(stretches)
}
