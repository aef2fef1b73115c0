/**
 * `log`: what happened since the view was written; appended.
 *
 *     magic, version, generation of the view
 *     length, CRC-32 of the payload (beginning with the folder's seed), payload
 *
 * A payload is a state of the folder as the difference from the one before, and rows of messages. The first entry that
 * is cut or damaged ends the log.
 */

import type {FolderIdentity} from '../../folder/identity.js'
import {crc32} from './checksum.js'
import {readIdentity, readStrings, writeIdentity, writeStrings} from './folder-octets.js'
import {OctetReader, OctetWriter} from './octets.js'
import {DEAD} from './row-columns.js'
import type {MetadataRow} from './rows.js'

const MAGIC = 0x314c4e43
const VERSION = 5
const FRAME_BYTES = 8
export const LOG_HEADER_BYTES = 16
/** Between base names: no file name has it. */
const NUL = '\0'

/** Messages that came; what they have got is told as a change. */
export interface LoggedMessages {
  /** In ascending order. */
  readonly uids: readonly number[]
  /** Their base names. */
  readonly bases: readonly string[]
}

/** What messages have got. */
export interface LoggedChange {
  readonly info: string
  readonly modseq: number
  readonly keywords: readonly string[]
  /** In ascending order. */
  readonly uids: readonly number[]
}

export interface LogState {
  readonly uidNext: number
  readonly highestModseq: number
  readonly identity: FolderIdentity | undefined
  readonly gone: readonly number[]
  readonly added: LoggedMessages
  readonly changed: readonly LoggedChange[]
}

export interface LogEntry {
  readonly recordsEnd: number
  /** undefined: the folder has not changed. */
  readonly state: LogState | undefined
  readonly rows: readonly MetadataRow[]
}

export function logHeader(generation: number): Buffer {
  const octets = Buffer.alloc(LOG_HEADER_BYTES)
  octets.writeUInt32LE(MAGIC, 0)
  octets.writeUInt32LE(VERSION, 4)
  octets.writeDoubleLE(generation, 8)
  return octets
}

export function encodeLogEntry({recordsEnd, state, rows}: LogEntry, seed: number): Buffer {
  const out = new OctetWriter(1024 + rows.length * 64)
  out
    .uint32(0)
    .uint32(0)
    .count(recordsEnd)
    .octet(state ? 1 : 0)
  if (state) writeState(out, state)
  out.count(rows.length)
  for (const row of rows) writeRow(out, row)
  out.patchUint32(0, out.length - FRAME_BYTES)
  out.patchUint32(4, crc32(out.octets.subarray(FRAME_BYTES), seed))
  return out.octets
}

/** Entries of a log, and whether it was whole. undefined: it belongs to no such view. */
export function decodeLog(octets: Buffer, {seed, generation}: {readonly seed: number; readonly generation: number}) {
  if (octets.length < LOG_HEADER_BYTES || !octets.subarray(0, LOG_HEADER_BYTES).equals(logHeader(generation))) return undefined
  const entries: LogEntry[] = []
  let at = LOG_HEADER_BYTES
  while (at + FRAME_BYTES <= octets.length) {
    const payload = octets.subarray(at + FRAME_BYTES, at + FRAME_BYTES + octets.readUInt32LE(at))
    if (payload.length !== octets.readUInt32LE(at) || crc32(payload, seed) !== octets.readUInt32LE(at + 4)) break
    entries.push(readEntry(new OctetReader(payload)))
    at += FRAME_BYTES + payload.length
  }
  return {entries, isWhole: at === octets.length}
}

function readEntry(from: OctetReader): LogEntry {
  const recordsEnd = from.count()
  const state = from.octet() === 1 ? readState(from) : undefined
  const rows: MetadataRow[] = []
  for (let left = from.count(); left > 0; left -= 1) rows.push(readRow(from))
  return {recordsEnd, state, rows}
}

function writeState(out: OctetWriter, {uidNext, highestModseq, identity, gone, added, changed}: LogState): void {
  out.count(uidNext).count(highestModseq)
  writeIdentity(out, identity)
  writeUids(out, gone)
  writeUids(out, added.uids)
  const bases = added.bases.join(NUL)
  out.count(bases.length).octetsOf(bases)
  writeChanges(out, changed)
}

/** UIDs in ascending order, each as what it is above the one before. */
function writeUids(out: OctetWriter, uids: readonly number[]): void {
  out.count(uids.length)
  let last = 0
  for (const uid of uids) {
    out.count(uid - last)
    last = uid
  }
}

function writeChanges(out: OctetWriter, changed: readonly LoggedChange[]): void {
  out.count(changed.length)
  for (const {info, modseq, keywords, uids} of changed) {
    out.string(info).count(modseq)
    writeStrings(out, keywords)
    writeUids(out, uids)
  }
}

function readUids(from: OctetReader): number[] {
  const uids: number[] = []
  let uid = 0
  for (let left = from.count(); left > 0; left -= 1) {
    uid += from.count()
    uids.push(uid)
  }
  return uids
}

function readChanges(from: OctetReader): LoggedChange[] {
  const changed: LoggedChange[] = []
  for (let left = from.count(); left > 0; left -= 1) {
    const info = from.string()
    const modseq = from.count()
    const keywords = readStrings(from)
    changed.push({info, modseq, keywords, uids: readUids(from)})
  }
  return changed
}

function readState(from: OctetReader): LogState {
  const [uidNext, highestModseq] = [from.count(), from.count()]
  const identity = readIdentity(from)
  const gone = readUids(from)
  const uids = readUids(from)
  const bases = from.latin1().split(NUL, uids.length)
  if (bases.length !== uids.length) throw new RangeError('Names are missing')
  return {uidNext, highestModseq, identity, gone, added: {uids, bases}, changed: readChanges(from)}
}

function writeRow(out: OctetWriter, row: MetadataRow): void {
  out.count(row.uid).octet(row.parts)
  if (row.parts === DEAD) return
  out.uint32(row.hash).int64(row.inode).int64(row.mtimeNs)
  out.count(row.storedBytes).count(row.wireBytes).count(row.offset).count(row.length)
}

const NO_FILE = {hash: 0, inode: 0n, mtimeNs: 0n, storedBytes: 0, wireBytes: 0, offset: 0, length: 0}

function readRow(from: OctetReader): MetadataRow {
  const uid = from.count()
  const parts = from.octet()
  if (parts === DEAD) return {uid, parts, ...NO_FILE}
  return {
    uid,
    parts,
    hash: from.uint32(),
    inode: BigInt.asUintN(64, from.int64()),
    mtimeNs: from.int64(),
    storedBytes: from.count(),
    wireBytes: from.count(),
    offset: from.count(),
    length: from.count(),
  }
}
