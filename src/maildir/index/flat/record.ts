/** One record: what a message file told, as octets; the header and the MIME tree are taken apart when they are asked for. */
import type {Part} from '../../../message/structure.js'
import type {MessageMetadata} from '../../types.js'
import type {IndexEntry, IndexedMessage} from '../metadata-index.js'
import {OctetReader, type OctetWriter} from './octets.js'
import type {RowFacts} from './rows.js'
import {readPart, writePart} from './structure-codec.js'

/** Larger headers and structures are read from the file each time. */
export const RECORD_LIMIT_BYTES = 256 * 1024

/** Metadata that needs no record. */
export class RowMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined

  constructor({internalDateMs, storedBytes, wireBytes}: RowFacts, hasWireBytes: boolean) {
    this.internalDateMs = internalDateMs
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

  constructor({internalDateMs, storedBytes, wireBytes}: RowFacts, header: Buffer, structure: Buffer | undefined) {
    this.internalDateMs = internalDateMs
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
 * Writes a record. UID, name and sizes are in it as well, so that one that is found in a wrong place is not believed.
 *
 * @throws {RangeError} what the codec cannot hold
 */
export function writeRecord(out: OctetWriter, scratch: OctetWriter, {uid, base}: IndexedMessage, entry: IndexEntry): void {
  const {level, metadata} = entry
  out.count(uid).string(base).count(metadata.storedBytes).count(metadata.wireBytes)
  out.bytes(metadata.header)
  scratch.clear()
  if (level === 'structure') writePart(scratch, metadata.structure)
  out.bytes(scratch.octets)
}

/** The metadata of a record, undefined when it is about another message. @throws {RangeError} */
export function readRecord(octets: Buffer, {uid, base}: IndexedMessage, facts: RowFacts): RecordMetadata | undefined {
  const from = new OctetReader(octets)
  if (from.count() !== uid || from.latin1() !== base) return undefined
  if (from.count() !== facts.storedBytes || from.count() !== facts.wireBytes) return undefined
  const header = from.bytes()
  const structure = from.bytes()
  return new RecordMetadata(facts, header, structure.length > 0 ? structure : undefined)
}
