import {parseAddresses} from './addresses.js'
import {FieldNames} from './field-scan.js'
import {fieldValue, type HeaderField} from './headers.js'
import {LIMITS} from './limits.js'
import type {Address, Envelope} from './structure.js'

/** Names of the fields that an envelope is made of. */
export const ENVELOPE_FIELDS = ['date', 'subject', 'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'in-reply-to', 'message-id'] as const
const FIELDS = new FieldNames(ENVELOPE_FIELDS)

/** Value of a field, of repeated ones all joined (`spec/imap.md` §13.6); empty when there is none. */
function joinedValue(header: string, fields: readonly HeaderField[], name: string): string {
  let value: string | undefined
  for (const field of fields) {
    if (field.name !== name) continue
    value = value === undefined ? fieldValue(header, field) : `${value}, ${fieldValue(header, field)}`
    if (value.length >= LIMITS.addressFieldOctets) break
  }
  return value ?? ''
}

/** The envelope of a header block whose fields (these at least) were found already (RFC 3501 §7.4.2, `spec/imap.md` §13.6). */
export function envelopeOf(header: string, fields: readonly HeaderField[]): Envelope {
  const text = (name: string): string | undefined => joinedValue(header, fields, name).slice(0, LIMITS.valueOctets) || undefined
  // Courier: cuts address fields at 8192 octets too, so that a reply to all of a long list forgets people.
  const addresses = (name: string): Address[] => parseAddresses(joinedValue(header, fields, name).slice(0, LIMITS.addressFieldOctets))
  const from = addresses('from')
  const orFrom = (list: Address[]): Address[] => (list.length > 0 ? list : from)
  return {
    date: text('date'),
    subject: text('subject'),
    from,
    sender: orFrom(addresses('sender')),
    replyTo: orFrom(addresses('reply-to')),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    inReplyTo: text('in-reply-to'),
    messageId: text('message-id'),
  }
}

/** The envelope of a header block. */
export function parseEnvelope(header: string): Envelope {
  return envelopeOf(header, FIELDS.in(header))
}
