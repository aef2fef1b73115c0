import type {MessageMetadata, MessageNumber, MetadataNeed, View} from '../../maildir/types.js'
import {renderBodyStructure} from '../../message/body-structure-text.js'
import {LocalTime} from '../../message/date.js'
import {renderEnvelope} from '../../message/envelope-text.js'
import {NO_ENVELOPE} from '../../message/no-envelope.js'
import {stringRenderer} from '../../message/nstring.js'
import {flagText} from '../replies/flags.js'
import type {DataItem} from './items.js'

/** Name and value of one item of one message; metadata is there as far as `DATA_NEED` says. */
export type RenderItem = (number: MessageNumber, metadata: MessageMetadata | undefined) => string

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

/** Makes the function that renders an item for one message after the other. */
export function itemRenderer(item: DataItem, view: View, {utf8}: {readonly utf8: boolean}): RenderItem {
  const render = stringRenderer(utf8 ? 'utf8' : 'encoded')
  // The metadata has the texts as clients without UTF-8 get them.
  const fits = (metadata: MessageMetadata) => !utf8 || metadata.isAscii
  switch (item) {
    case 'FLAGS':
      return (number) => `FLAGS (${flagText(view, number)})`
    case 'UID':
      return (number) => `UID ${view.uidOf(number)}`
    case 'INTERNALDATE': {
      const localTime = new LocalTime()
      return withMetadata(({internalDateMs}) => `INTERNALDATE "${localTime.internalDate(Math.floor(internalDateMs / 1000))}"`)
    }
    case 'RFC822.SIZE':
      return withMetadata(({wireBytes}) => `RFC822.SIZE ${wireBytes}`)
    case 'ENVELOPE':
      return withMetadata((metadata) => {
        if (fits(metadata)) return `ENVELOPE ${metadata.envelope}`
        return `ENVELOPE ${renderEnvelope(metadata.structure.envelope ?? NO_ENVELOPE, render)}`
      })
    case 'BODY':
      return withMetadata(({structure}) => `BODY ${renderBodyStructure(structure, false, render)}`)
    case 'BODYSTRUCTURE':
      return withMetadata((metadata) => {
        if (fits(metadata)) return `BODYSTRUCTURE ${metadata.bodyStructure}`
        return `BODYSTRUCTURE ${renderBodyStructure(metadata.structure, true, render)}`
      })
  }
}

function withMetadata(value: (metadata: MessageMetadata) => string): RenderItem {
  return (_, metadata) => {
    if (!metadata) throw new Error('The metadata that an item needs is missing')
    return value(metadata)
  }
}
