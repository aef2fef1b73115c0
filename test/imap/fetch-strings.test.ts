import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {renderBodyStructure} from '../../src/message/body-structure-text.js'
import {renderEnvelope} from '../../src/message/envelope-text.js'
import {echoString, stringRenderer, type TextMode} from '../../src/message/nstring.js'
import type {Envelope, Part} from '../../src/message/structure.js'
import {type FetchedBody, type FetchedEnvelope, parseFetches} from '../support/fetch-response.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP strings of FETCH')

/** Any octets, those that make trouble more often than others. */
const octets = fc
  .array(fc.oneof(fc.integer({min: 0, max: 255}), fc.constantFrom(0, 10, 13, 34, 92, 40, 41, 123, 0xc3, 0xa9, 0xff, 32)), {maxLength: 60})
  .map((list) => String.fromCharCode(...list))
const text = fc.option(octets, {nil: undefined})
const address = fc.record({name: text, mailbox: text, host: text})
const addresses = fc.array(address, {maxLength: 4})
const envelope: fc.Arbitrary<Envelope> = fc.record({
  date: text,
  subject: text,
  from: addresses,
  sender: addresses,
  replyTo: addresses,
  to: addresses,
  cc: addresses,
  bcc: addresses,
  inReplyTo: text,
  messageId: text,
})
const parameters = fc.array(fc.tuple(octets, octets), {maxLength: 3})
const stretch = fc
  .tuple(fc.nat(1000), fc.nat(1000), fc.nat(50))
  .map(([start, length, lineFeeds]) => ({start, end: start + length, lineFeeds}))

const {part} = fc.letrec<{part: Part}>((tie) => ({
  part: fc.record({
    header: stretch,
    body: stretch,
    type: fc.oneof(
      fc.constantFrom('text', 'message', 'multipart', 'image', ''),
      octets.map((value) => value.toLowerCase()),
    ),
    subtype: fc.oneof(fc.constantFrom('plain', 'rfc822', 'global', 'mixed', ''), octets),
    parameters,
    id: text,
    description: text,
    encoding: fc.oneof(fc.constantFrom('7bit', 'base64'), octets),
    md5: text,
    disposition: fc.option(fc.record({type: octets, parameters}), {nil: undefined}),
    language: fc.oneof(text, fc.constantFrom('de', 'de, en', ', ,')),
    children: fc.oneof({maxDepth: 2}, fc.constant([]), fc.array(tie('part'), {maxLength: 2})),
    message: fc.constant(undefined),
    envelope: fc.constant(undefined),
    header8bit: fc.boolean(),
  }),
}))

/** A part as the parser makes it: only a message holds a message, and only a multipart children. */
function sound(value: Part): Part {
  if (value.type === 'message' && value.subtype === 'rfc822' && value.children[0]) {
    return {...value, children: [], message: sound({...value.children[0], children: []})}
  }
  return {...value, type: value.children.length > 0 ? 'multipart' : value.type, children: value.children.map(sound)}
}

function parse<T>(name: string, rendered: string, mode: TextMode): T {
  const [message] = parseFetches(`* 1 FETCH (${name} ${rendered})\r\n`, {utf8: mode === 'utf8'})
  return message?.items.get(name) as T
}

for (const mode of ['encoded', 'utf8'] as const) {
  test(`any envelope is valid grammar (${mode})`, () => {
    fc.assert(
      fc.property(envelope, (value) => {
        const parsed = parse<FetchedEnvelope>('ENVELOPE', renderEnvelope(value, stringRenderer(mode)), mode)
        assert.is(parsed.to.length, value.to.length)
        const {subject} = value
        if (subject !== undefined && /^[\x01-\x7f]+$/.test(subject)) assert.is(parsed.subject, subject)
        if (!subject) assert.is(parsed.subject, undefined)
      }),
    )
  })

  test(`any structure is valid grammar (${mode})`, () => {
    fc.assert(
      fc.property(part.map(sound), fc.boolean(), (value, extended) => {
        const name = extended ? 'BODYSTRUCTURE' : 'BODY'
        const parsed = parse<FetchedBody>(name, renderBodyStructure(value, extended, stringRenderer(mode)), mode)
        assert.is(parsed.children.length, value.children.length)
      }),
    )
  })
}

test('header names are repeated as they came', () => {
  fc.assert(
    fc.property(octets, (value) => {
      const name = value.replaceAll('\0', '')
      const [message] = parseFetches(`* 1 FETCH (BODY[HEADER.FIELDS (${echoString(name)})] NIL)\r\n`)
      assert.equal([...(message?.items.keys() ?? [])], [`BODY[HEADER.FIELDS (${name})]`])
    }),
  )
})

test.run()
