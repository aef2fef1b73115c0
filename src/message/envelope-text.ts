import {unquote} from './mime-fields.js'
import {nstring, type RenderString} from './nstring.js'
import type {Address, Envelope} from './structure.js'

/** ENVELOPE (RFC 3501 §7.4.2), one character for each octet. */
export function renderEnvelope(envelope: Envelope, render: RenderString): string {
  const from = addressList(envelope.from, render)
  // Sender and Reply-To are the same array as From when they were defaulted.
  const sender = envelope.sender === envelope.from ? from : addressList(envelope.sender, render)
  const replyTo = envelope.replyTo === envelope.from ? from : addressList(envelope.replyTo, render)
  return `(${nstring(envelope.date, render)} ${nstring(envelope.subject, render)} ${from} ${sender} ${replyTo} ${addressList(envelope.to, render)} ${addressList(envelope.cc, render)} ${addressList(envelope.bcc, render)} ${nstring(envelope.inReplyTo, render)} ${nstring(envelope.messageId, render)})`
}

/** Addresses without blanks between them; `NIL` when there is none. */
function addressList(addresses: readonly Address[], render: RenderString): string {
  if (addresses.length === 0) return 'NIL'
  let out = '('
  for (const address of addresses) {
    const {route, mailbox} = localPart(address)
    // An empty host stays "": NIL there would make a group of it (RFC 3501 §7.4.2).
    out += `(${nstring(address.name, render)} ${orNil(route, render)} ${orNil(mailbox, render)} ${orNil(address.host, render)})`
  }
  return `${out})`
}

function orNil(value: string | undefined, render: RenderString): string {
  return value === undefined ? 'NIL' : render(value)
}

/**
 * The local part without quotes, and the source route that stood before it (RFC 3501 §7.4.2, addr-mailbox and addr-adl).
 *
 * Courier: quotes and route stay in the local part.
 */
export function localPart({mailbox, host}: Address): {readonly route: string | undefined; readonly mailbox: string | undefined} {
  if (mailbox === undefined || host === undefined) return {route: undefined, mailbox}
  const colon = mailbox.startsWith('@') ? mailbox.indexOf(':') : -1
  const local = colon < 0 ? mailbox : mailbox.slice(colon + 1)
  const route = colon < 0 ? undefined : mailbox.slice(0, colon)
  return {route, mailbox: local.startsWith('"') && local.length > 1 ? unquote(local) : local}
}
