import {parseAddresses} from './addresses.js'
import {fieldValue, type HeaderField} from './headers.js'
import {LIMITS} from './limits.js'
import type {Address, Envelope} from './structure.js'

/** Names of the fields that an envelope is made of. */
export const ENVELOPE_FIELDS = ['date', 'subject', 'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'in-reply-to', 'message-id'] as const
const NAMES: ReadonlySet<string> = new Set(ENVELOPE_FIELDS)

/** Values by field name, repeated fields joined (`spec/imap.md` §13.6). */
function collect(header: string, fields: readonly HeaderField[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const field of fields) {
    if (!NAMES.has(field.name)) continue
    const before = values.get(field.name)
    if (before !== undefined && before.length >= LIMITS.addressFieldOctets) continue
    const value = fieldValue(header, field)
    values.set(field.name, before === undefined ? value : `${before}, ${value}`)
  }
  return values
}

/** The envelope of a header block whose fields (these at least) were found already (RFC 3501 §7.4.2, `spec/imap.md` §13.6). */
export function envelopeOf(header: string, fields: readonly HeaderField[]): Envelope {
  const values = collect(header, fields)
  const text = (name: string): string | undefined => values.get(name)?.slice(0, LIMITS.valueOctets) || undefined
  // Courier: cuts address fields at 8192 octets too, so that a reply to all of a long list forgets people.
  const addresses = (name: string): Address[] => parseAddresses((values.get(name) ?? '').slice(0, LIMITS.addressFieldOctets))
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
