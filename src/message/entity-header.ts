import {envelopeOf} from './envelope.js'
import {fieldValue, type HeaderField, splitHeader} from './headers.js'
import {LIMITS} from './limits.js'
import {isMimeVersion, type MediaType, normalEncoding, parseMediaType, parseMimeValue} from './mime-fields.js'
import {isEightBit} from './octets.js'
import type {Envelope, Part} from './structure.js'

/** What one header block says about its entity. */
export type EntityHeader = Pick<
  Part,
  'type' | 'subtype' | 'parameters' | 'id' | 'description' | 'encoding' | 'md5' | 'disposition' | 'language' | 'header8bit'
> & {
  readonly envelope: Envelope | undefined
  /** The MIME structure of this entity counts. */
  readonly mimeOn: boolean
}

export interface EntityRole {
  /** The header of a message (the root or an embedded one), not of a part. */
  readonly isMessage: boolean
  /** Child of a multipart/digest: message/rfc822 by default (RFC 2046 §5.1.5). */
  readonly inDigest: boolean
}

const PLAIN: MediaType = {type: 'text', subtype: 'plain', parameters: []}
const MESSAGE: MediaType = {type: 'message', subtype: 'rfc822', parameters: []}

/** The last field of each name counts (`spec/imap.md` §13.5). */
function lastFields(header: string, fields: readonly HeaderField[]): (name: string) => string | undefined {
  const last = new Map<string, HeaderField>()
  for (const field of fields) if (field.name === 'mime-version' || field.name.startsWith('content-')) last.set(field.name, field)
  return (name) => {
    const field = last.get(name)
    return field && header.slice(field.valueStart, field.end)
  }
}

function textOf(header: string, fields: readonly HeaderField[], name: string): string | undefined {
  const field = fields.findLast((each) => each.name === name)
  return field && (fieldValue(header, field).slice(0, LIMITS.valueOctets) || undefined)
}

/** Reads the header block of an entity. A message without `MIME-Version: 1.…` is text/plain without parameters. */
export function readEntityHeader(header: string, {isMessage, inDigest}: EntityRole): EntityHeader {
  const fields = splitHeader(header)
  const last = lastFields(header, fields)
  const mimeOn = !isMessage || isMimeVersion(last('mime-version') ?? '')
  const media = (mimeOn && parseMediaType(last('content-type') ?? '')) || (inDigest ? MESSAGE : PLAIN)
  const disposition = mimeOn ? parseMimeValue(last('content-disposition') ?? '') : undefined
  return {
    ...media,
    id: textOf(header, fields, 'content-id'),
    description: textOf(header, fields, 'content-description'),
    encoding: normalEncoding(last('content-transfer-encoding') ?? ''),
    md5: textOf(header, fields, 'content-md5'),
    disposition: disposition?.value ? {type: disposition.value, parameters: disposition.parameters} : undefined,
    language: textOf(header, fields, 'content-language'),
    header8bit: isEightBit(header),
    envelope: isMessage ? envelopeOf(header, fields) : undefined,
    mimeOn,
  }
}
