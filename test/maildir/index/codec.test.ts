import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {crc32, tableCrc32} from '../../../src/maildir/index/flat/checksum.js'
import {OctetReader, OctetWriter} from '../../../src/maildir/index/flat/octets.js'
import {readRecord, writeRecord} from '../../../src/maildir/index/flat/record.js'
import {readPart, writePart} from '../../../src/maildir/index/flat/structure-codec.js'
import {KnownMetadata} from '../../../src/maildir/known-metadata.js'
import type {Uid} from '../../../src/maildir/types.js'
import {parseStructure} from '../../../src/message/parse-structure.js'
import type {Address, Envelope, Part} from '../../../src/message/structure.js'
import {hostileMessages, multiparts} from '../../message/messages.js'
import {suite} from '../../support/suite.js'

const codec = suite('Index codec')

/** Plain objects, as the parser makes them. */
const PLAIN = {noNullPrototype: true} as const
const count = fc.oneof(fc.nat(), fc.maxSafeNat())
const text = fc.uint8Array({maxLength: 40}).map((octets) => Buffer.from(octets).toString('latin1'))
const maybe = fc.option(text, {nil: undefined})
const stretch = fc.record({start: count, end: count, lineFeeds: count}, PLAIN)
const parameters = fc.array(fc.tuple(text, text), {maxLength: 3})
const addresses: fc.Arbitrary<Address[]> = fc.array(fc.record({name: maybe, mailbox: maybe, host: maybe}, PLAIN), {maxLength: 3})
const envelope: fc.Arbitrary<Envelope> = fc
  .record({date: maybe, subject: maybe, from: addresses, to: addresses, cc: addresses, bcc: addresses, inReplyTo: maybe, messageId: maybe})
  .chain((rest) =>
    fc.record({sender: fc.oneof(fc.constant(rest.from), addresses), replyTo: fc.oneof(fc.constant(rest.from), addresses)}).map((more) => ({
      ...rest,
      ...more,
    })),
  )
const {part} = fc.letrec<{part: Part}>((tie) => ({
  part: fc.record(
    {
      header: stretch,
      body: stretch,
      type: text,
      subtype: text,
      parameters,
      id: maybe,
      description: maybe,
      encoding: text,
      md5: maybe,
      disposition: fc.option(fc.record({type: text, parameters}, PLAIN), {nil: undefined}),
      language: maybe,
      children: fc.oneof({depthSize: 'small', withCrossShrink: true}, fc.constant([]), fc.array(tie('part'), {maxLength: 2})),
      message: fc.option(tie('part'), {nil: undefined, depthSize: 'small'}),
      envelope: fc.option(envelope, {nil: undefined}),
      header8bit: fc.boolean(),
    },
    PLAIN,
  ),
}))

function roundTrip(value: Part): Part {
  const out = new OctetWriter(16)
  writePart(out, value)
  const from = new OctetReader(Buffer.from(out.octets))
  const read = readPart(from)
  assert.ok(from.atEnd)
  return read
}

codec('reads any structure as it was written', () => {
  fc.assert(
    fc.property(part, (value) => {
      assert.equal(roundTrip(value), value)
    }),
    {numRuns: 300},
  )
})

codec('an envelope that was left out is the one that is given when the structure is read', () => {
  fc.assert(
    fc.property(part, envelope, (value, other) => {
      const out = new OctetWriter()
      writePart(out, value, false)
      assert.equal(readPart(new OctetReader(out.octets), value.envelope), value)
      assert.equal(readPart(new OctetReader(out.octets), other), {...value, envelope: other})
    }),
    {numRuns: 100},
  )
})

codec('a record tells of any message what was parsed', () => {
  fc.assert(
    fc.property(fc.oneof(hostileMessages, multiparts), (message) => {
      const structure = parseStructure(message)
      const header = message.toString('latin1', 0, structure.header.end)
      const facts = {internalDateMs: 1, storedBytes: message.length, wireBytes: 2}
      const metadata = new KnownMetadata(facts, {wireBytes: 2, header, structure})
      const out = new OctetWriter()
      writeRecord(out, {uid: 3 as Uid, hash: 4}, {inode: 5n, mtimeNs: 6n, level: 'structure', metadata})
      const record = readRecord(Buffer.from(out.octets), {uid: 3 as Uid, hash: 4}, facts, true)
      assert.ok(record)
      assert.equal(record.structure, structure)
      for (const part of ['header', 'envelope', 'bodyStructure', 'isAscii'] as const) assert.is(record[part], metadata[part], part)
    }),
    {numRuns: 500},
  )
})

codec('holds the structure of a real message', () => {
  const message = Buffer.from(
    'From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\nTo: "Fürst" <a@b>, Group: x@y;\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--b--\n',
  )
  const structure = parseStructure(message)
  assert.equal(roundTrip(structure), structure)
})

codec('octets that were cut give an error, never a value', () => {
  fc.assert(
    fc.property(part, fc.nat(), (value, seed) => {
      const out = new OctetWriter()
      writePart(out, value)
      const cut = Buffer.from(out.octets.subarray(0, seed % out.length))
      assert.throws(
        () => readPart(new OctetReader(cut)),
        (error: unknown) => error instanceof RangeError,
      )
    }),
    {numRuns: 200},
  )
})

codec('refuses what would not come back: characters above U+00FF, counts that are none', () => {
  assert.throws(() => new OctetWriter().string('€'), /U\+00FF/)
  assert.throws(() => new OctetWriter().count(-1), /no count/)
  assert.throws(() => new OctetWriter().count(0.5), /no count/)
})

codec('the checksum in JavaScript is that of zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 300}), fc.nat(), (octets, value) => {
      assert.is(tableCrc32(octets, value), crc32(Buffer.from(octets), value))
    }),
  )
  assert.is(crc32(Buffer.from('123456789')), 0xcbf43926)
})

codec('the checksum of nothing is what it goes on from', () => {
  assert.is(crc32(Buffer.from(new ArrayBuffer(0)), 123), 123)
  assert.is(tableCrc32(new Uint8Array(0), 123), 123)
})

codec.run()
