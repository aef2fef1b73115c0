/**
 * One record: what a message file told, as octets. What clients ask for most lies there as it is sent; the MIME tree is taken
 * apart when it is asked for.
 *
 *     UID, hash of the base name, octets as stored, kind, lengths of what follows                       36 octets
 *     header, ENVELOPE, BODYSTRUCTURE, MIME tree without the message's own envelope: the header tells it
 *
 * UID, name and size are in it so that a record that is found in a wrong place is not believed.
 */
import {parseEnvelope} from '../../../message/envelope.js'
import type {Part} from '../../../message/structure.js'
import {asked} from '../../metadata-need.js'
import type {MessageMetadata} from '../../types.js'
import type {IndexEntry, IndexedMessage} from '../metadata-index.js'
import {OctetReader, type OctetWriter} from './octets.js'
import type {RowFacts} from './rows.js'
import {readPart, writePart} from './structure-codec.js'

/** Larger headers and structures are read from the file each time. */
export const RECORD_LIMIT_BYTES = 256 * 1024

const AT = {uid: 0, hash: 4, storedBytes: 8, kind: 16, header: 20, envelope: 24, bodyStructure: 28, structure: 32} as const
const FIXED_BYTES = 36
/** Bits of `kind`. */
const HAS_STRUCTURE = 1
const IS_ASCII = 2

/** Metadata that needs no record. */
export class RowMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined

  constructor({internalDateMs, storedBytes, wireBytes}: RowFacts) {
    this.internalDateMs = internalDateMs
    this.storedBytes = storedBytes
    this.#wireBytes = wireBytes
  }

  get wireBytes(): number {
    return asked(this.#wireBytes)
  }

  get header(): string {
    throw new Error('Metadata that was not asked for')
  }

  get headerOctets(): Buffer {
    throw new Error('Metadata that was not asked for')
  }

  get structure(): Part {
    throw new Error('Metadata that was not asked for')
  }

  get envelope(): string {
    throw new Error('Metadata that was not asked for')
  }

  get bodyStructure(): string {
    throw new Error('Metadata that was not asked for')
  }

  get isAscii(): boolean {
    throw new Error('Metadata that was not asked for')
  }
}

/** Metadata from a record; valid as long as its octets are. */
export class RecordMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined
  readonly #octets: Buffer
  #header: string | undefined
  #headerOctets: Buffer | undefined

  constructor({internalDateMs, storedBytes, wireBytes}: RowFacts, octets: Buffer) {
    this.internalDateMs = internalDateMs
    this.storedBytes = storedBytes
    this.#wireBytes = wireBytes
    this.#octets = octets
  }

  get wireBytes(): number {
    return asked(this.#wireBytes)
  }

  get header(): string {
    this.#header ??= this.#text(FIXED_BYTES, AT.header)
    return this.#header
  }

  get headerOctets(): Buffer {
    this.#headerOctets ??= this.#octets.subarray(FIXED_BYTES, this.#envelopeStart)
    return this.#headerOctets
  }

  get envelope(): string {
    return this.#text(this.#envelopeStart, AT.envelope)
  }

  get bodyStructure(): string {
    return this.#text(this.#envelopeStart + this.#octets.readUInt32LE(AT.envelope), AT.bodyStructure)
  }

  get isAscii(): boolean {
    return (this.#octets.readUInt32LE(AT.kind) & IS_ASCII) !== 0
  }

  get structure(): Part {
    const length = this.#octets.readUInt32LE(AT.structure)
    return readPart(new OctetReader(this.#octets.subarray(this.#octets.length - length)), parseEnvelope(this.header))
  }

  get #envelopeStart(): number {
    return FIXED_BYTES + this.#octets.readUInt32LE(AT.header)
  }

  #text(start: number, lengthAt: number): string {
    return this.#octets.toString('latin1', start, start + this.#octets.readUInt32LE(lengthAt))
  }
}

/** Writes a record. @throws {RangeError} what the codec cannot hold */
export function writeRecord(out: OctetWriter, {uid, hash}: IndexedMessage, {level, metadata}: IndexEntry): void {
  const start = out.length
  const {storedBytes, header} = metadata
  const has = level === 'structure'
  const envelope = has ? metadata.envelope : ''
  const bodyStructure = has ? metadata.bodyStructure : ''
  out.uint32(uid).uint32(hash).double(storedBytes)
  out.uint32(has ? HAS_STRUCTURE | (metadata.isAscii ? IS_ASCII : 0) : 0)
  out.uint32(header.length).uint32(envelope.length).uint32(bodyStructure.length).uint32(0)
  out.octetsOf(header).octetsOf(envelope).octetsOf(bodyStructure)
  const tree = out.length
  if (has) writePart(out, metadata.structure, false)
  out.patchUint32(start + AT.structure, out.length - tree)
}

/** The metadata of a record; undefined when it is about another message, or holds less than is needed. @throws {RangeError} it is cut */
export function readRecord(octets: Buffer, {uid, hash}: IndexedMessage, facts: RowFacts, needsStructure: boolean) {
  if (octets.readUInt32LE(AT.uid) !== uid || octets.readUInt32LE(AT.hash) !== hash) return undefined
  if (octets.readDoubleLE(AT.storedBytes) !== facts.storedBytes) return undefined
  if (needsStructure && (octets.readUInt32LE(AT.kind) & HAS_STRUCTURE) === 0) return undefined
  let length = FIXED_BYTES
  for (const at of [AT.header, AT.envelope, AT.bodyStructure, AT.structure]) length += octets.readUInt32LE(at)
  return length === octets.length ? new RecordMetadata(facts, octets) : undefined
}
