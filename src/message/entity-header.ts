import {ENVELOPE_FIELDS, envelopeOf} from './envelope.js'
import {FieldNames} from './field-scan.js'
import {fieldValue, type HeaderField} from './headers.js'
import {LIMITS} from './limits.js'
import {isMimeVersion, type MediaType, normalEncoding, parseMediaType, parseMimeValue} from './mime-fields.js'
import type {Envelope, Part} from './structure.js'

/** What one header block says about its entity. */
export type EntityHeader = Pick<
  Part,
  'type' | 'subtype' | 'parameters' | 'id' | 'description' | 'encoding' | 'md5' | 'disposition' | 'language'
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

export interface HeaderDetail {
  /** Only what tells where text is and how to read it: type, parameters, encoding. */
  readonly outline: boolean
}

const PLAIN: MediaType = {type: 'text', subtype: 'plain', parameters: []}
const MESSAGE: MediaType = {type: 'message', subtype: 'rfc822', parameters: []}

const MIME_FIELDS = [
  'mime-version',
  'content-type',
  'content-disposition',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'content-md5',
  'content-language',
]
const OF_OUTLINE = new FieldNames(['mime-version', 'content-type', 'content-transfer-encoding'])
const OF_PART = new FieldNames(MIME_FIELDS)
const OF_MESSAGE = new FieldNames([...ENVELOPE_FIELDS, ...MIME_FIELDS])

/** The MIME fields of a header; of each name the last one counts (`spec/imap.md` §13.5). */
class MimeFields {
  readonly #header: string
  readonly #fields: readonly HeaderField[]

  constructor(header: string, fields: readonly HeaderField[]) {
    this.#header = header
    this.#fields = fields
  }

  /** A value as it stands in the header; empty when there is none. */
  raw(name: string): string {
    const field = this.#last(name)
    return field ? this.#header.slice(field.valueStart, field.end) : ''
  }

  /** A value on one line; undefined when it is missing or empty. */
  text(name: string): string | undefined {
    const field = this.#last(name)
    return field && (fieldValue(this.#header, field).slice(0, LIMITS.valueOctets) || undefined)
  }

  #last(name: string): HeaderField | undefined {
    for (let at = this.#fields.length - 1; at >= 0; at -= 1) if (this.#fields[at]?.name === name) return this.#fields[at]
    return undefined
  }
}

/** Reads the header block of an entity. A message without `MIME-Version: 1.…` is text/plain without parameters. */
export function readEntityHeader(header: string, {isMessage, inDigest}: EntityRole, {outline}: HeaderDetail): EntityHeader {
  const names = outline ? OF_OUTLINE : isMessage ? OF_MESSAGE : OF_PART
  const fields = names.in(header)
  const mime = new MimeFields(header, fields)
  const mimeOn = !isMessage || isMimeVersion(mime.raw('mime-version'))
  const {type, subtype, parameters} = (mimeOn && parseMediaType(mime.raw('content-type'))) || (inDigest ? MESSAGE : PLAIN)
  const disposition = mimeOn ? parseMimeValue(mime.raw('content-disposition')) : undefined
  return {
    type,
    subtype,
    parameters,
    id: mime.text('content-id'),
    description: mime.text('content-description'),
    encoding: normalEncoding(mime.raw('content-transfer-encoding')),
    md5: mime.text('content-md5'),
    disposition: disposition?.value ? {type: disposition.value, parameters: disposition.parameters} : undefined,
    language: mime.text('content-language'),
    envelope: isMessage && !outline ? envelopeOf(header, fields) : undefined,
    mimeOn,
  }
}
