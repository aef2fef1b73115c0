/** The MIME tree of a message as octets and back. What is written is read as an equal value. */
import type {Address, Envelope, Parameters, Part, Stretch} from '../../../message/structure.js'
import type {OctetReader, OctetWriter} from './octets.js'

/** Optional members of a part, as bits. */
const HAS = {id: 1, description: 2, md5: 4, disposition: 8, language: 16, message: 32, envelope: 64, header8bit: 128} as const

/** `hasEnvelope` false: the envelope of the part itself is left out. @throws {RangeError} what the codec cannot hold */
export function writePart(out: OctetWriter, part: Part, hasEnvelope = true): void {
  const envelope = hasEnvelope ? part.envelope : undefined
  let has = 0
  if (part.id !== undefined) has |= HAS.id
  if (part.description !== undefined) has |= HAS.description
  if (part.md5 !== undefined) has |= HAS.md5
  if (part.disposition !== undefined) has |= HAS.disposition
  if (part.language !== undefined) has |= HAS.language
  if (part.message !== undefined) has |= HAS.message
  if (envelope !== undefined) has |= HAS.envelope
  if (part.header8bit) has |= HAS.header8bit
  out.octet(has)
  writeStretch(out, part.header)
  writeStretch(out, part.body)
  out.string(part.type).string(part.subtype).string(part.encoding)
  writeParameters(out, part.parameters)
  if (part.id !== undefined) out.string(part.id)
  if (part.description !== undefined) out.string(part.description)
  if (part.md5 !== undefined) out.string(part.md5)
  if (part.disposition !== undefined) {
    out.string(part.disposition.type)
    writeParameters(out, part.disposition.parameters)
  }
  if (part.language !== undefined) out.string(part.language)
  out.count(part.children.length)
  for (const child of part.children) writePart(out, child)
  if (part.message !== undefined) writePart(out, part.message)
  if (envelope !== undefined) writeEnvelope(out, envelope)
}

/** `leftOut`: the envelope of a part that was written without one. @throws {RangeError} */
export function readPart(from: OctetReader, leftOut?: Envelope): Part {
  const has = from.octet()
  const header = readStretch(from)
  const body = readStretch(from)
  const type = from.string()
  const subtype = from.string()
  const encoding = from.string()
  const parameters = readParameters(from)
  const id = has & HAS.id ? from.string() : undefined
  const description = has & HAS.description ? from.string() : undefined
  const md5 = has & HAS.md5 ? from.string() : undefined
  const disposition = has & HAS.disposition ? {type: from.string(), parameters: readParameters(from)} : undefined
  const language = has & HAS.language ? from.string() : undefined
  const children: Part[] = []
  for (let left = from.count(); left > 0; left -= 1) children.push(readPart(from))
  const message = has & HAS.message ? readPart(from) : undefined
  const envelope = has & HAS.envelope ? readEnvelope(from) : leftOut
  const header8bit = (has & HAS.header8bit) !== 0
  return {
    header,
    body,
    type,
    subtype,
    parameters,
    id,
    description,
    encoding,
    md5,
    disposition,
    language,
    children,
    message,
    envelope,
    header8bit,
  }
}

function writeStretch(out: OctetWriter, {start, end, lineFeeds}: Stretch): void {
  out.count(start).count(end).count(lineFeeds)
}

function readStretch(from: OctetReader): Stretch {
  return {start: from.count(), end: from.count(), lineFeeds: from.count()}
}

function writeParameters(out: OctetWriter, parameters: Parameters): void {
  out.count(parameters.length)
  for (const [name, value] of parameters) out.string(name).string(value)
}

function readParameters(from: OctetReader): Parameters {
  const parameters: [string, string][] = []
  for (let left = from.count(); left > 0; left -= 1) parameters.push([from.string(), from.string()])
  return parameters
}

function writeEnvelope(out: OctetWriter, envelope: Envelope): void {
  out.maybe(envelope.date).maybe(envelope.subject).maybe(envelope.inReplyTo).maybe(envelope.messageId)
  writeAddresses(out, envelope.from)
  // Most messages have no Sender and no Reply-To of their own: one octet says so.
  for (const list of [envelope.sender, envelope.replyTo]) {
    if (list === envelope.from) out.octet(1)
    else writeAddresses(out.octet(0), list)
  }
  for (const list of [envelope.to, envelope.cc, envelope.bcc]) writeAddresses(out, list)
}

function readEnvelope(from: OctetReader): Envelope {
  const date = from.maybe()
  const subject = from.maybe()
  const inReplyTo = from.maybe()
  const messageId = from.maybe()
  const senders = readAddresses(from)
  const sender = from.octet() === 1 ? senders : readAddresses(from)
  const replyTo = from.octet() === 1 ? senders : readAddresses(from)
  const to = readAddresses(from)
  const cc = readAddresses(from)
  const bcc = readAddresses(from)
  return {date, subject, from: senders, sender, replyTo, to, cc, bcc, inReplyTo, messageId}
}

function writeAddresses(out: OctetWriter, addresses: readonly Address[]): void {
  out.count(addresses.length)
  for (const {name, mailbox, host} of addresses) out.maybe(name).maybe(mailbox).maybe(host)
}

function readAddresses(from: OctetReader): Address[] {
  const addresses: Address[] = []
  for (let left = from.count(); left > 0; left -= 1) addresses.push({name: from.maybe(), mailbox: from.maybe(), host: from.maybe()})
  return addresses
}
