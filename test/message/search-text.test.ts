import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {supportedCharset} from '../../src/message/charset.js'
import {parseStructure} from '../../src/message/parse-structure.js'
import {type Reading, readWith} from '../../src/message/reading.js'
import {type Needle, needleOf, needleOfText, TextScanner, textHolds} from '../../src/message/search-needle.js'
import {searchBody, searchHeader, searchText} from '../../src/message/search-text.js'
import type {Part} from '../../src/message/structure.js'
import {transferDecoder} from '../../src/message/transfer-decoding.js'
import {suite} from '../support/suite.js'
import {hostileMessages} from './messages.js'

const search = suite('Text search')

type Search = (root: Part, needle: Needle) => Reading<boolean>

function found(how: Search, message: string | Buffer, text: string): boolean {
  const octets = Buffer.from(message)
  return readWith(how(parseStructure(octets), needleOfText(text)), (start, end) => octets.subarray(start, end))
}

const inField =
  (name: string): Search =>
  (root, needle) =>
    searchHeader(root, name, needle)

const HELLO =
  'Subject: =?utf-8?Q?caf=C3=A9?= test\nFrom: a@xn--mnchen-3ya.example\nX-Empty:\n\nHello\n  World, na\u00efve Gr\u00fc\u00dfe\n'

for (const [how, name, text, expected] of [
  [inField('subject'), 'SUBJECT', 'café', true],
  [inField('subject'), 'SUBJECT', 'CAFÉ TEST', true],
  [inField('subject'), 'SUBJECT', 'utf-8', false],
  [inField('subject'), 'SUBJECT', 'hello', false],
  [inField('from'), 'FROM', 'münchen.EXAMPLE', true],
  [inField('from'), 'FROM', 'xn--mnchen', true],
  [inField('x-empty'), 'HEADER X-Empty', '', true],
  [inField('x-none'), 'HEADER X-None', '', false],
  [searchBody, 'BODY', 'hello world', true],
  [searchBody, 'BODY', '  HELLO \t world ', true],
  [searchBody, 'BODY', 'helloworld', false],
  [searchBody, 'BODY', 'NAÏVE grü', true],
  [searchBody, 'BODY', 'test', false],
  [searchBody, 'BODY', '', true],
  [searchText, 'TEXT', 'subject: caf', false],
  [searchText, 'TEXT', 'subject:', true],
  [searchText, 'TEXT', 'café test', true],
  [searchText, 'TEXT', 'world, na', true],
  [searchText, 'TEXT', 'nothing', false],
  [searchText, 'TEXT', '', true],
] as const) {
  search(`${name} "${text}" ${expected ? 'matches' : 'does not match'}`, () => assert.is(found(how, HELLO, text), expected))
}

const MIXED = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=o

preamble
--o
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

quoted caf=C3=A9 and a soft=
 break, so=
ft too
--o
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: base64

PHA+Z3L832UgYmFzZTY0
IHRleHQ8L3A+
--o
Content-Type: application/octet-stream

attached secret
--o
Content-Type: message/rfc822

Subject: inner subject
MIME-Version: 1.0
Content-Type: text/plain; charset=koi8-r
Content-Transfer-Encoding: base64

8NLJ18XU
--o--
epilogue
`

for (const [text, expected] of [
  ['café and', true],
  ['soft break, soft too', true],
  ['grüße base64 text', true],
  ['<p>', true],
  ['привет', true],
  ['secret', false],
  ['preamble', false],
  ['epilogue', false],
  ['inner subject', false],
] as const) {
  search(`BODY "${text}" in a multipart ${expected ? 'matches' : 'does not match'}`, () =>
    assert.is(found(searchBody, MIXED, text), expected),
  )
}

search('headers of parts and embedded messages are searched', () => {
  assert.ok(found(searchText, MIXED, 'inner subject'))
  assert.ok(found(inField('subject'), MIXED, 'inner'))
  assert.ok(found(searchText, MIXED, 'koi8-r'))
})

search('8-bit text without charset is found as UTF-8 and as windows-1252', () => {
  assert.ok(found(searchBody, Buffer.from('A: b\n\ncafé'), 'café'))
  assert.ok(found(searchBody, Buffer.from('A: b\n\ncafé', 'latin1'), 'café'))
  assert.ok(found(searchBody, Buffer.from('A: b\n\nit\x92s', 'latin1'), 'it’s'))
})

search('strings of many charsets are understood', () => {
  assert.is(needleOf('caf\xe9', 'ISO-8859-1')?.text, 'café')
  assert.is(needleOf('\x1b$BF|K\\\x1b(B', 'iso-2022-jp')?.text, '日本')
  assert.is(needleOf('caf\xc3\xa9')?.text, 'café')
  assert.is(needleOf('x', 'FOO'), undefined)
  assert.equal(['utf-8', 'US-ASCII', 'cp1252', 'big5', 'FOO', ''].map(supportedCharset), [true, true, true, true, false, false])
})

search('a text in pieces is searched as the whole', () => {
  const letters = fc.constantFrom('a', 'b', 'A', ' ', '\n', '\t', 'É', 'ς')
  fc.assert(
    fc.property(
      fc.array(fc.array(letters, {maxLength: 6}), {maxLength: 12}),
      fc.array(letters, {minLength: 1, maxLength: 5}),
      (pieces, wanted) => {
        const needle = needleOfText(wanted.join(''))
        const scanner = new TextScanner(needle)
        const inPieces = pieces.map((piece) => scanner.push(piece.join(''))).includes(true)
        const whole = textHolds(pieces.flat().join(''), needle)
        if (needle.text !== '') assert.is(inPieces, whole)
      },
    ),
    {numRuns: 3000},
  )
})

search('characters of patterns stand for themselves', () => {
  for (const text of ['a.b (c', '[x] y*', '$1 ^2', 'a|b {c}', 'a\\ b-', 'a/ b+?']) {
    assert.ok(textHolds(`<<${text.replace(' ', '\n  ')}>>`, needleOfText(text)), text)
    assert.not(textHolds('axb c x y 12 abc', needleOfText(text)), text)
  }
})

search('a long needle is found as a short one is', () => {
  const needle = `${'a'.repeat(100)}b`
  assert.ok(textHolds('a'.repeat(100_000) + needle, needleOfText(needle)))
  assert.not(textHolds('a'.repeat(200_000), needleOfText(needle)))
})

search('transfer encodings are taken off in pieces of any size', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 300}), fc.integer({min: 1, max: 20}), (octets, size) => {
      const original = Buffer.from(octets)
      const lines = original.toString('base64').replace(/.{20}/g, '$&\r\n')
      const quoted = [...octets].map((octet, i) => `=${octet.toString(16).padStart(2, '0')}${i % 7 === 0 ? '= \r\n' : ''}`).join('')
      for (const [encoding, coded] of [
        ['base64', lines],
        ['quoted-printable', quoted],
        ['7bit', original.toString('latin1')],
      ] as const) {
        const decoder = transferDecoder(encoding)
        const source = Buffer.from(coded, 'latin1')
        const pieces: Buffer[] = []
        for (let at = 0; at < source.length; at += size) pieces.push(Buffer.from(decoder.push(source.subarray(at, at + size))))
        assert.ok(Buffer.concat([...pieces, decoder.end()]).equals(original), encoding)
      }
    }),
    {numRuns: 300},
  )
})

search('any message and any needle give an answer', () => {
  fc.assert(
    fc.property(hostileMessages, fc.constantFrom('x', 'a b', 'é', 'subject', ': '), (message, text) => {
      for (const how of [searchBody, searchText, inField('subject')]) assert.type(found(how, message, text), 'boolean')
    }),
    {numRuns: 300},
  )
})

search('a body larger than a piece is searched across the edges', () => {
  const text = `A: b\n\n${'x'.repeat(65_533)}need\n le${'y'.repeat(100_000)}end`
  assert.ok(found(searchBody, text, 'need le'))
  assert.ok(found(searchBody, text, 'yend'))
  assert.not(found(searchBody, text, 'needle'))
})

search.run()
