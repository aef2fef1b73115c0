import {asked} from '../../maildir/metadata-need.js'
import type {MessageMetadata, MessageNumber, MetadataNeed, View} from '../../maildir/types.js'
import {renderBodyStructure} from '../../message/body-structure-text.js'
import {LocalTime} from '../../message/date.js'
import {renderEnvelope} from '../../message/envelope-text.js'
import {NO_ENVELOPE} from '../../message/no-envelope.js'
import {type RenderString, stringRenderer} from '../../message/nstring.js'
import {flagText} from '../replies/flags.js'
import type {DataItem} from './items.js'

/** Metadata that an item needs; none: the view knows it. */
export const DATA_NEED: Readonly<Record<DataItem, MetadataNeed | undefined>> = {
  FLAGS: undefined,
  UID: undefined,
  INTERNALDATE: 'date',
  'RFC822.SIZE': 'size',
  ENVELOPE: 'structure',
  BODY: 'structure',
  BODYSTRUCTURE: 'structure',
}

/**
 * Renders items of one FETCH, one message after the other. A class and no closures: V8 drops what it has compiled of a closure with the
 * last one that exists, and each FETCH would begin anew.
 */
export class DataItems {
  readonly #view: View
  readonly #utf8: boolean
  readonly #render: RenderString
  readonly #localTime = new LocalTime()

  constructor(view: View, {utf8}: {readonly utf8: boolean}) {
    this.#view = view
    this.#utf8 = utf8
    this.#render = stringRenderer(utf8 ? 'utf8' : 'encoded')
  }

  /** Name and value of an item of a message; metadata is there as far as `DATA_NEED` says. */
  text(item: DataItem, number: MessageNumber, metadata: MessageMetadata | undefined): string {
    switch (item) {
      case 'FLAGS':
        return `FLAGS (${flagText(this.#view, number)})`
      case 'UID':
        return `UID ${this.#view.uidOf(number)}`
      case 'INTERNALDATE':
        return `INTERNALDATE "${this.#localTime.internalDate(Math.floor(asked(metadata).internalDateMs / 1000))}"`
      case 'RFC822.SIZE':
        return `RFC822.SIZE ${asked(metadata).wireBytes}`
      case 'ENVELOPE':
        return `ENVELOPE ${this.#envelope(asked(metadata))}`
      case 'BODY':
        return `BODY ${renderBodyStructure(asked(metadata).structure, false, this.#render)}`
      case 'BODYSTRUCTURE':
        return `BODYSTRUCTURE ${this.#bodyStructure(asked(metadata))}`
    }
  }

  #envelope(metadata: MessageMetadata): string {
    return this.#fits(metadata) ? metadata.envelope : renderEnvelope(metadata.structure.envelope ?? NO_ENVELOPE, this.#render)
  }

  #bodyStructure(metadata: MessageMetadata): string {
    return this.#fits(metadata) ? metadata.bodyStructure : renderBodyStructure(metadata.structure, true, this.#render)
  }

  /** The metadata has the texts as clients without UTF-8 get them. */
  #fits(metadata: MessageMetadata): boolean {
    return !this.#utf8 || metadata.isAscii
  }
}
