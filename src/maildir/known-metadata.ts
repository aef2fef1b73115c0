import {renderBodyStructure} from '../message/body-structure-text.js'
import {renderEnvelope} from '../message/envelope-text.js'
import {NO_ENVELOPE} from '../message/no-envelope.js'
import {stringRenderer} from '../message/nstring.js'
import type {Part} from '../message/structure.js'
import {asked} from './metadata-need.js'
import type {MessageMetadata} from './types.js'

const render = stringRenderer('encoded')

/** As far as they are known. All are named, so that these objects have one shape. */
export type KnownParts = {readonly [Part in 'wireBytes' | 'header' | 'structure']: MessageMetadata[Part] | undefined}

/** What a message file told, up to some level; asking for more is a bug. */
export class KnownMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined
  readonly #header: string | undefined
  readonly #structure: Part | undefined
  #headerOctets: Buffer | undefined
  #envelope: string | undefined
  #bodyStructure: string | undefined

  constructor({internalDateMs, storedBytes}: Pick<MessageMetadata, 'internalDateMs' | 'storedBytes'>, known: KnownParts) {
    this.internalDateMs = internalDateMs
    this.storedBytes = storedBytes
    this.#wireBytes = known.wireBytes
    this.#header = known.header
    this.#structure = known.structure
  }

  get wireBytes(): number {
    return asked(this.#wireBytes)
  }

  get header(): string {
    return asked(this.#header)
  }

  get headerOctets(): Buffer {
    this.#headerOctets ??= Buffer.from(this.header, 'latin1')
    return this.#headerOctets
  }

  get structure(): Part {
    return asked(this.#structure)
  }

  get envelope(): string {
    this.#envelope ??= renderEnvelope(this.structure.envelope ?? NO_ENVELOPE, render)
    return this.#envelope
  }

  get bodyStructure(): string {
    this.#bodyStructure ??= renderBodyStructure(this.structure, true, render)
    return this.#bodyStructure
  }

  get isAscii(): boolean {
    return !isEightBit(this.structure)
  }
}

function isEightBit({header8bit, children, message}: Part): boolean {
  return header8bit || (message !== undefined && isEightBit(message)) || children.some(isEightBit)
}
