import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {parseAddresses} from '../../src/message/addresses.js'
import {envelopeOf} from '../../src/message/envelope.js'
import {splitHeader} from '../../src/message/headers.js'
import {LIMITS} from '../../src/message/limits.js'
import type {Address, Envelope} from '../../src/message/structure.js'
import {suite} from '../support/suite.js'

const envelopes = suite('Envelope and addresses')

const envelope = (header: string): Envelope => envelopeOf(header, splitHeader(header))

/** `name|mailbox|host`, `-` for what is missing. */
const brief = (list: readonly Address[]): string =>
  list.map(({name, mailbox, host}) => [name, mailbox, host].map((text) => text ?? '-').join('|')).join(' ; ')

for (const [value, expected] of [
  ['Alice Example <alice@example.com>', 'Alice Example|alice|example.com'],
  ['bob@example.org, "Doe, Jane" <jane@example.net>', '-|bob|example.org ; Doe, Jane|jane|example.net'],
  ['a@b (Full Name)', 'Full Name|a|b'],
  ['<@x,@y:user@host>', '-|@x,@y:user|host'],
  ['"a b"@c', '-|"a b"|c'],
  ['John Q. Public <j@k>', 'John Q. Public|j|k'],
  ['g1: m@n, o@p;, q@r', '-|g1|- ; -|m|n ; -|o|p ; -|-|- ; -|q|r'],
  ['undisclosed recipients: ;', '-|undisclosed recipients|- ; -|-|-'],
  ['A Group: x@y', '-|A Group|- ; -|x|y ; -|-|-'],
  ['lonely', '-|lonely|'],
  ['a@b@c', '-|a@b|c'],
  ['(c1) "Q" (c2) <u@v> (c3)', 'Q|u|v'],
  ['=?utf-8?Q?caf=C3=A9?= <z@z>', '=?utf-8?Q?caf=C3=A9?=|z|z'],
  ['"quo\\"ted" <a . b@c . d>', 'quo"ted|a.b|c.d'],
  ['foo@[1.2.3.4]', '-|foo|[1.2.3.4]'],
  ['bad <x@y, next@z', 'bad|x|y ; -|next|z'],
  ['<a@b> Name <c@d>', '-|a|b ; Name|c|d'],
  ['Name <a@b> trailing, c@d', 'Name|a|b ; -|c|d'],
  ['"open quote <a@b>, c@d', '-|"open quote <a@b>, c|d'],
  ['(open comment <a@b>', ''],
  ['a@b (nested (comment) \\) end)', 'nested (comment) \\) end|a|b'],
  [', , ,', ''],
  ['<>', '-||'],
  ['', ''],
  [';;:', '-||- ; -|-|-'],
  ['caf\xc3\xa9 <caf\xc3\xa9@x>', 'caf\xc3\xa9|caf\xc3\xa9|x'],
] as const) {
  envelopes(`${value || 'nothing'} is ${expected || 'nobody'}`, () => assert.is(brief(parseAddresses(value)), expected))
}

envelopes('number of addresses is bounded', () => {
  assert.is(parseAddresses('a@b,'.repeat(20_000)).length, LIMITS.addresses)
})

for (const [title, value] of [
  ['commas in an open angle', `<@${','.repeat(200_000)}`],
  ['open brackets', '['.repeat(200_000)],
  ['open comments', '('.repeat(200_000)],
  ['open angles', '<'.repeat(200_000)],
  ['colons', `a${':'.repeat(200_000)}`],
  ['backslashes', '\\'.repeat(200_001)],
  ['words', 'a '.repeat(100_000)],
] as const) {
  envelopes(`${title} end in some list`, () => assert.ok(parseAddresses(value).length <= LIMITS.addresses))
}

envelopes('any string gives a list in which groups are closed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b c', '@', '<', '>', ',', ';', ':', '"', '(', ')', '[', ']', '\\', ' ', '\xe9', '.')),
      (pieces) => {
        let inGroup = false
        for (const {mailbox, host} of parseAddresses(pieces.join(''))) {
          if (host !== undefined) continue
          assert.is(mailbox === undefined, inGroup)
          inGroup = !inGroup
        }
        assert.not(inGroup)
      },
    ),
    {numRuns: 2000},
  )
})

envelopes('the example of the specification', () => {
  const alice = [{name: 'Alice Example', mailbox: 'alice', host: 'example.com'}]
  assert.equal(
    envelope(
      'From: Alice Example <alice@example.com>\nTo: bob@example.org, "Doe, Jane" <jane@example.net>\n' +
        'Subject: =?utf-8?Q?caf=C3=A9?= test\nDate: Mon, 01 Jan 2024 10:00:00 +0100\nMessage-ID: <one@example.com>\n\n',
    ),
    {
      date: 'Mon, 01 Jan 2024 10:00:00 +0100',
      subject: '=?utf-8?Q?caf=C3=A9?= test',
      from: alice,
      sender: alice,
      replyTo: alice,
      to: [
        {name: undefined, mailbox: 'bob', host: 'example.org'},
        {name: 'Doe, Jane', mailbox: 'jane', host: 'example.net'},
      ],
      cc: [],
      bcc: [],
      inReplyTo: undefined,
      messageId: '<one@example.com>',
    },
  )
})

envelopes('repeated fields are joined', () => {
  const {to, subject} = envelope('To: a@b\nTo: c@d\nSubject: x\nSubject: y\n\n')
  assert.is(brief(to), '-|a|b ; -|c|d')
  assert.is(subject, 'x, y')
})

envelopes('empty fields are missing, and Sender and Reply-To are From then', () => {
  const {subject, sender, replyTo} = envelope('Subject:  \nFrom: a@b\nSender:\nReply-To: \n c@d\n\n')
  assert.is(subject, undefined)
  assert.is(brief(sender), '-|a|b')
  assert.is(brief(replyTo), '-|c|d')
})

envelopes('a long value is cut', () => assert.is(envelope(`Subject: ${'s'.repeat(9000)}\n\n`).subject?.length, LIMITS.valueOctets))

envelopes('a long list of recipients is whole', () => {
  const to = Array.from({length: 2000}, (_, i) => `user${i}@example.com`).join(',\n ')
  assert.is(envelope(`To: ${to}\n\n`).to.length, 2000)
})

envelopes.run()
