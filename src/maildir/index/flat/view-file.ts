/**
 * `view`: all that is known of a folder at one moment, in columns; replaced whole.
 *
 *     magic, version, CRC-32 of what stands between here and the messages (beginning with the folder's seed)
 *     length of the head, CRC-32 of the messages, CRC-32 of the rows
 *     head: generations, state of the folder, tables of name endings and keyword sets, unseen messages of each stretch
 *     messages: columns, those with the widest numbers first, so that typed arrays can lie in them as they were read; base names
 *     rows of metadata: columns likewise
 *
 * Who opens a folder of 100,000 messages reads 5 MB; the rows, as much again, are read when somebody asks for metadata. Names
 * become strings when needed.
 */
import {Pace} from '../../../support/pace.js'
import {BaseTable, InfoTable} from '../../folder/base-table.js'
import {CHUNK_MESSAGES, hasNoKeywords, type Lacking, lackingIn, noKeywords, type Strings} from '../../folder/chunk.js'
import type {FolderIdentity} from '../../folder/identity.js'
import {Snapshot, type SnapshotColumns} from '../../folder/snapshot.js'
import {FLAG} from '../../types.js'
import type {FolderState} from '../metadata-index.js'
import type {PartReader} from './cache-files.js'
import {crc32} from './checksum.js'
import {readIdentity, readStrings, writeIdentity, writeStrings} from './folder-octets.js'
import {OctetReader, OctetWriter} from './octets.js'
import {columnsIn, copyRows, type OrderedRows, ROW_BYTES} from './row-columns.js'

const MAGIC = 0x31564e43
const VERSION = 7
const FIXED_BYTES = 24
/** About a quarter of a millisecond. */
const CHECKED_AT_ONCE = 1024 * 1024
/** Rows that are copied before others get their turn. */
const ROWS_AT_ONCE = 4096
/** As many endings as numbers of one octet can tell. */
const FEW_ENDINGS = 256

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
  /** Asked for when the rows have been copied. */
  readonly recordsEnd: () => number
  readonly state: ViewState
  readonly rows: OrderedRows
}

/** What a view tells before its rows are read. */
export interface SavedView {
  readonly generation: number
  readonly recordsGeneration: number
  readonly recordsEnd: number
  readonly state: ViewState
  /** Where the columns of rows lie in the file, how many rows they are, and their CRC-32, which begins with `seed`. */
  readonly rows: {readonly start: number; readonly count: number; readonly crc: number; readonly seed: number}
}

/** How the messages of a view lie in it. */
interface MessageForm {
  readonly messages: number
  readonly endings: number
  /** Some message has keywords. */
  readonly hasKeywords: boolean
}

interface MessageColumns {
  readonly modseqs: Float64Array
  readonly uids: Uint32Array
  /** Where the base names end. */
  readonly ends: Uint32Array
  readonly keywordSets: Uint32Array | undefined
  readonly infos: Uint32Array | Uint8Array
  readonly flags: Uint8Array
}

/** What a message takes in columns. */
function messageBytes({endings, hasKeywords}: MessageForm): number {
  return 8 + 4 + 4 + (hasKeywords ? 4 : 0) + (endings > FEW_ENDINGS ? 4 : 1) + 1
}

function messageColumns(memory: ArrayBuffer, form: MessageForm): MessageColumns {
  const {messages, endings, hasKeywords} = form
  const words = hasKeywords ? 20 : 16
  const flags = words + (endings > FEW_ENDINGS ? 4 : 1)
  return {
    modseqs: new Float64Array(memory, 0, messages),
    uids: new Uint32Array(memory, 8 * messages, messages),
    ends: new Uint32Array(memory, 12 * messages, messages),
    keywordSets: hasKeywords ? new Uint32Array(memory, 16 * messages, messages) : undefined,
    infos: new (endings > FEW_ENDINGS ? Uint32Array : Uint8Array)(memory, words * messages, messages),
    flags: new Uint8Array(memory, flags * messages, messages),
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

/**
 * The octets of a file, in turn with other work. Each row is as it is at some moment until this ends: the
 * log tells those that change meanwhile.
 */
export async function encodeView({generation, recordsGeneration, recordsEnd, state, rows}: ViewFile, seed: number): Promise<Buffer[]> {
  const pace = new Pace()
  const rowMemory = await copiedRows(rows, pace)
  const endings = await endingsOf(state.snapshot, pace)
  const form = {messages: state.snapshot.size, endings: endings.infos.length, hasKeywords: state.keywordSets.length > 1}
  const {octets: messages, unseen} = await messageOctets(state.snapshot, {form, endings, pace})

  const head = new OctetWriter()
  head.count(generation).count(recordsGeneration).count(recordsEnd())
  head.count(state.uidValidity).count(state.uidNext).count(state.highestModseq)
  writeIdentity(head, state.identity)
  head.count(form.messages).count(lengthOf(messages)).count(rows.places.length)
  writeStrings(head, endings.infos)
  head.count(state.keywordSets.length)
  for (const set of state.keywordSets) writeStrings(head, set)
  for (const {count, first} of unseen) head.count(count).count(first + 1)

  const start = Buffer.alloc(FIXED_BYTES)
  start.writeUInt32LE(MAGIC, 0)
  start.writeUInt32LE(VERSION, 4)
  start.writeUInt32LE(head.length, 12)
  start.writeUInt32LE(await checksumOf(messages, seed, pace), 16)
  start.writeUInt32LE(await checksumOf([rowMemory], seed, pace), 20)
  start.writeUInt32LE(crc32(head.octets, crc32(start.subarray(12), seed)), 8)
  return [start, head.octets, ...messages, rowMemory]
}

const lengthOf = (octets: readonly Buffer[]) => octets.reduce((sum, {length}) => sum + length, 0)

async function copiedRows(rows: OrderedRows, pace: Pace): Promise<Buffer> {
  const count = rows.places.length
  const memory = new ArrayBuffer(count * ROW_BYTES)
  const copy = columnsIn(memory, count)
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    copyRows(rows, copy, {start, end: Math.min(count, start + ROWS_AT_ONCE)})
    if (pace.due) await pace.pause()
  }
  return Buffer.from(memory)
}

interface Endings {
  readonly infos: readonly string[]
  /** The number of each message's. */
  readonly numbers: Uint32Array
}

/** The different endings of names. */
async function endingsOf(snapshot: Snapshot, pace: Pace): Promise<Endings> {
  const known = new Map<string, number>()
  const numbers = new Uint32Array(snapshot.size)
  let index = 0
  for (const {uids, infos} of snapshot.columns()) {
    const some = numbers.subarray(index, index + uids.length)
    if (infos instanceof InfoTable) infos.copyNumbers(some, (info) => numberOf(info, known))
    else numberEndings(infos, known, some)
    index += uids.length
    if (pace.due) await pace.pause()
  }
  return {infos: [...known.keys()], numbers}
}

/** Those in a row are mostly alike. */
function numberEndings(infos: Strings, known: Map<string, number>, into: Uint32Array): void {
  let last = ''
  let number = -1
  for (let offset = 0; offset < into.length; offset += 1) {
    const info = infos.at(offset) ?? ''
    if (number < 0 || info !== last) number = numberOf(info, known)
    last = info
    into[offset] = number
  }
}

function numberOf(info: string, known: Map<string, number>): number {
  const number = known.get(info) ?? known.size
  known.set(info, number)
  return number
}

interface MessageWriting {
  readonly form: MessageForm
  readonly endings: Endings
  readonly pace: Pace
}

interface WrittenMessages {
  readonly octets: Buffer[]
  /** Of each stretch that they are read in: to look for them then takes as long as to read all columns. */
  readonly unseen: readonly Lacking[]
}

/** The columns of messages, and behind them the names of each stretch. */
async function messageOctets(snapshot: Snapshot, {form, endings, pace}: MessageWriting): Promise<WrittenMessages> {
  const memory = new ArrayBuffer(messageBytes(form) * form.messages)
  const {modseqs, uids, ends, keywordSets, infos, flags} = messageColumns(memory, form)
  const names: Buffer[] = []
  let namesBytes = 0
  let index = 0
  for (const columns of snapshot.columns()) {
    const count = columns.uids.length
    modseqs.set(columns.modseqs, index)
    uids.set(columns.uids, index)
    keywordSets?.set(columns.keywordSets, index)
    infos.set(endings.numbers.subarray(index, index + count), index)
    flags.set(columns.flags, index)
    const table = BaseTable.from(columns.bases, count)
    table.copyEnds(ends.subarray(index, index + count), namesBytes)
    const some = table.octets(count)
    names.push(some)
    namesBytes += some.length
    index += count
    if (pace.due) await pace.pause()
  }
  const unseen: Lacking[] = []
  for (let first = 0; first < form.messages; first += CHUNK_MESSAGES) {
    unseen.push(lackingIn(flags.subarray(first, first + CHUNK_MESSAGES), FLAG.seen))
    if (pace.due) await pace.pause()
  }
  return {octets: [Buffer.from(memory), ...names], unseen}
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

/** Reads a view without its rows. undefined: it is damaged, of another folder or of another version. @throws {RangeError} likewise */
export function readView(part: PartReader, seed: number): SavedView | undefined {
  const start = Buffer.from(part(0, FIXED_BYTES))
  if (start.length < FIXED_BYTES || start.readUInt32LE(0) !== MAGIC || start.readUInt32LE(4) !== VERSION) return undefined
  const headLength = start.readUInt32LE(12)
  const head = Buffer.from(part(FIXED_BYTES, headLength))
  if (crc32(head, crc32(start.subarray(12), seed)) !== start.readUInt32LE(8)) return undefined
  const from = new OctetReader(head)
  const [generation, recordsGeneration, recordsEnd] = [from.count(), from.count(), from.count()]
  const [uidValidity, uidNext, highestModseq] = [from.count(), from.count(), from.count()]
  const identity = readIdentity(from)
  const [messages, messagesLength, rowCount] = [from.count(), from.count(), from.count()]
  const infos = readStrings(from)
  const keywordSets: string[][] = []
  for (let left = from.count(); left > 0; left -= 1) keywordSets.push(readStrings(from))
  const unseen: Lacking[] = []
  for (let first = 0; first < messages; first += CHUNK_MESSAGES)
    unseen.push({flags: FLAG.seen, count: from.count(), first: from.count() - 1})

  const messagesStart = FIXED_BYTES + headLength
  const memory = part(messagesStart, messagesLength)
  if (crc32(Buffer.from(memory), seed) !== start.readUInt32LE(16)) return undefined
  const form = {messages, endings: infos.length, hasKeywords: keywordSets.length > 1}
  const snapshot = snapshotOf(memory, form, {infos, unseen})
  return {
    generation,
    recordsGeneration,
    recordsEnd,
    state: {uidValidity, uidNext, highestModseq, identity, snapshot, keywordSets},
    rows: {start: messagesStart + messagesLength, count: rowCount, crc: start.readUInt32LE(20), seed},
  }
}

interface SavedTables {
  readonly infos: readonly string[]
  readonly unseen: readonly Lacking[]
}

/** @throws {RangeError} it does not lie there */
function snapshotOf(memory: ArrayBuffer, form: MessageForm, tables: SavedTables): Snapshot {
  const {messages} = form
  const {modseqs, uids, ends, keywordSets, infos, flags} = messageColumns(memory, form)
  const names = Buffer.from(memory, messageBytes(form) * messages)
  const stretches: SnapshotColumns[] = []
  for (let first = 0; first < messages; first += CHUNK_MESSAGES) {
    const end = Math.min(messages, first + CHUNK_MESSAGES)
    stretches.push({
      uids: uids.subarray(first, end),
      bases: new BaseTable(names, ends, first),
      infos: new InfoTable(tables.infos, infos.subarray(first, end)),
      flags: flags.subarray(first, end),
      keywordSets: keywordSets?.subarray(first, end) ?? noKeywords(end - first),
      modseqs: modseqs.subarray(first, end),
      lacking: tables.unseen.slice(first / CHUNK_MESSAGES, first / CHUNK_MESSAGES + 1),
    })
  }
  return Snapshot.ofColumns(stretches)
}
