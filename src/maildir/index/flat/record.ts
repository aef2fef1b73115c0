/** One record: what a message file told, as octets; the header and the MIME tree are taken apart when they are asked for. */
import type {Part} from '../../../message/structure.js'
import type {MessageMetadata} from '../../types.js'
import type {IndexEntry, IndexedMessage} from '../metadata-index.js'
import {OctetReader, type OctetWriter} from './octets.js'
import type {MetadataRow} from './rows.js'
import {readPart, writePart} from './structure-codec.js'

/** Larger headers and structures are read from the file each time. */
export const RECORD_LIMIT_BYTES = 256 * 1024

/** Metadata that needs no record. */
export class RowMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined

  constructor({mtimeNs, storedBytes, wireBytes}: MetadataRow, hasWireBytes: boolean) {
    this.internalDateMs = Number(mtimeNs / 1_000_000n)
    this.storedBytes = storedBytes
    this.#wireBytes = hasWireBytes ? wireBytes : undefined
  }

  get wireBytes(): number {
    if (this.#wireBytes === undefined) throw new Error('Metadata that was not asked for')
    return this.#wireBytes
  }

  get header(): Buffer {
    throw new Error('Metadata that was not asked for')
  }

  get structure(): Part {
    throw new Error('Metadata that was not asked for')
  }
}

/** Metadata from a record. */
export class RecordMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly wireBytes: number
  readonly header: Buffer
  readonly #octets: Buffer | undefined
  #structure: Part | undefined

  constructor({mtimeNs, storedBytes, wireBytes}: MetadataRow, header: Buffer, structure: Buffer | undefined) {
    this.internalDateMs = Number(mtimeNs / 1_000_000n)
    this.storedBytes = storedBytes
    this.wireBytes = wireBytes
    this.header = header
    this.#octets = structure
  }

  get structure(): Part {
    if (!this.#octets) throw new Error('Metadata that was not asked for')
    this.#structure ??= readPart(new OctetReader(this.#octets))
    return this.#structure
  }
}

/**
 * Writes a record. UID, name and file are in it as well, so that one that is found in a wrong place is not believed.
 *
 * @throws {RangeError} what the codec cannot hold
 */
export function writeRecord(out: OctetWriter, scratch: OctetWriter, {uid, base}: IndexedMessage, entry: IndexEntry): void {
  const {inode, mtimeNs, level, metadata} = entry
  out.count(uid).string(base).int64(inode).int64(mtimeNs).count(metadata.storedBytes).count(metadata.wireBytes)
  out.bytes(metadata.header)
  scratch.clear()
  if (level === 'structure') writePart(scratch, metadata.structure)
  out.bytes(scratch.octets)
}

/** The metadata of a record, undefined when it is about something else than `row`. @throws {RangeError} */
export function readRecord(octets: Buffer, row: MetadataRow, base: string): RecordMetadata | undefined {
  const from = new OctetReader(octets)
  if (from.count() !== row.uid || from.latin1() !== base) return undefined
  if (BigInt.asUintN(64, from.int64()) !== row.inode || from.int64() !== row.mtimeNs) return undefined
  if (from.count() !== row.storedBytes || from.count() !== row.wireBytes) return undefined
  const header = from.bytes()
  const structure = from.bytes()
  return new RecordMetadata(row, header, structure.length > 0 ? structure : undefined)
}
