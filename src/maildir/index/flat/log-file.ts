/**
 * `log`: what happened since the view was written; appended.
 *
 *     magic, version, generation of the view
 *     length, CRC-32 of the payload (beginning with the folder's seed), payload
 *
 * A payload is a state of the folder as the difference from the one before, and rows of messages. The first entry that
 * is cut or damaged ends the log.
 */

import type {MessageRow} from '../../folder/chunk.js'
import type {FolderIdentity} from '../../folder/identity.js'
import type {Uid} from '../../types.js'
import {crc32} from './checksum.js'
import {readIdentity, readStrings, writeIdentity, writeStrings} from './folder-octets.js'
import {OctetReader, OctetWriter} from './octets.js'
import {DEAD, type MetadataRow} from './rows.js'

const MAGIC = 0x314c4e43
const VERSION = 4
const FRAME_BYTES = 8
export const LOG_HEADER_BYTES = 16

/** A message as it is now. */
export type LoggedMessage = Omit<MessageRow, 'keywordSet' | 'flags'> & {readonly keywords: readonly string[]}

/** What messages have got whose names are known. */
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
  readonly added: readonly LoggedMessage[]
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
  out.count(gone.length)
  for (const uid of gone) out.count(uid)
  out.count(added.length)
  for (const {uid, base, info, keywords, modseq} of added) {
    out.count(uid).string(base).string(info).count(modseq)
    writeStrings(out, keywords)
  }
  writeChanges(out, changed)
}

function writeChanges(out: OctetWriter, changed: readonly LoggedChange[]): void {
  out.count(changed.length)
  for (const {info, modseq, keywords, uids} of changed) {
    out.string(info).count(modseq)
    writeStrings(out, keywords)
    out.count(uids.length)
    let last = 0
    for (const uid of uids) {
      out.count(uid - last)
      last = uid
    }
  }
}

function readChanges(from: OctetReader): LoggedChange[] {
  const changed: LoggedChange[] = []
  for (let left = from.count(); left > 0; left -= 1) {
    const info = from.string()
    const modseq = from.count()
    const keywords = readStrings(from)
    const uids: number[] = []
    let uid = 0
    for (let more = from.count(); more > 0; more -= 1) {
      uid += from.count()
      uids.push(uid)
    }
    changed.push({info, modseq, keywords, uids})
  }
  return changed
}

function readState(from: OctetReader): LogState {
  const [uidNext, highestModseq] = [from.count(), from.count()]
  const identity = readIdentity(from)
  const gone: number[] = []
  for (let left = from.count(); left > 0; left -= 1) gone.push(from.count())
  const added: LoggedMessage[] = []
  for (let left = from.count(); left > 0; left -= 1) {
    const uid = from.count() as Uid
    const [base, info] = [from.string(), from.string()]
    added.push({uid, base, info, modseq: from.count(), keywords: readStrings(from)})
  }
  return {uidNext, highestModseq, identity, gone, added, changed: readChanges(from)}
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
