import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {Cursor, type Piece} from '../../src/imap/grammar/cursor.js'
import {findAnnouncement} from '../../src/imap/incoming-literal.js'
import {decodeUtf7, encodeUtf7} from '../../src/imap/mailbox-name.js'
import {formatSet, resolveNumbers, resolveUids} from '../../src/imap/message-set.js'
import {wildcardMatcher} from '../../src/imap/wildcard.js'
import type {MessageNumber, Uid} from '../../src/maildir/types.js'
import {BadSyntax} from '../../src/support/fault.js'
import {suite} from '../support/suite.js'

const grammar = suite('IMAP grammar')

const cursor = (...pieces: readonly (string | Buffer)[]): Cursor =>
  new Cursor(
    pieces.map((piece): Piece => (typeof piece === 'string' ? {text: piece} : {literal: piece, binary: false})),
    {utf8: false, keywords: true},
  )

const octetText = fc.uint8Array({maxLength: 40}).map((bytes) => Buffer.from(bytes).toString('latin1'))
const likely = fc
  .array(fc.constantFrom('"', '\\', '(', ')', ' ', '{', '*', ':', ',', 'a', '1', '0', 'NIL', '&', '-', '\\Seen', '\0', '\xff', ']', '%'), {
    maxLength: 20,
  })
  .map((words) => words.join(''))

const METHODS: Readonly<Record<string, (line: Cursor) => unknown>> = {
  tag: (line) => line.tag(),
  atom: (line) => line.atom(),
  number: (line) => line.number(),
  nzNumber: (line) => line.nzNumber(),
  string: (line) => line.string(),
  nstring: (line) => line.nstring(),
  astring: (line) => line.astring(),
  mailbox: (line) => line.mailbox(),
  listMailbox: (line) => line.listMailbox(),
  messageSet: (line) => line.messageSet(),
  flagList: (line) => line.flagList(),
  flags: (line) => line.flags(),
  list: (line) => line.list((item) => item.nstring()),
  message: (line) => line.message(),
  end: (line) => line.end(),
}

for (const [name, method] of Object.entries(METHODS)) {
  grammar(`${name}: any octets give a value or BadSyntax`, () => {
    fc.assert(
      fc.property(fc.oneof(octetText, likely), octetText, octetText, (text, literal, rest) => {
        const line = cursor(text, Buffer.from(literal, 'latin1'), rest)
        for (let i = 0; i < 3; i++) {
          try {
            method(line)
          } catch (error) {
            assert.instance(error, BadSyntax)
            assert.match((error as Error).message, /^Expected .* at octet \d+$/s)
            return
          }
        }
      }),
    )
  })
}

grammar('strings that are written as quoted strings or literals are read again', () => {
  fc.assert(
    fc.property(fc.string({unit: fc.constantFrom('a', '"', '\\', ' ', '\xc3\xa9', '{3}', '(')}), (value) => {
      const quoted = `"${value.replace(/["\\]/g, '\\$&')}"`
      assert.is(cursor(quoted).string(), value)
      assert.is(cursor('', Buffer.from(value, 'latin1'), '').string(), value)
      assert.is(findAnnouncement(quoted), undefined)
    }),
  )
})

grammar('arguments one after another', () => {
  const line = cursor(' 1:3,*  "a b"(x "y" NIL) ', Buffer.from('lit'), ' end')
  assert.equal(line.space().messageSet().length, 2)
  assert.is(line.space().string(), 'a b')
  assert.equal(
    line.space().list((item) => (item.peek() === 'x' ? item.atom() : item.nstring())),
    ['x', 'y', undefined],
  )
  assert.is(line.space().astring(), 'lit')
  assert.is(line.space().atom(), 'end')
  line.end()
})

grammar('errors say where', () => {
  assert.throws(() => cursor('abc', Buffer.from('12345'), ' "x').astring().length && cursor('a "x').space(), /Expected a space at octet 0/)
  const line = cursor('a ', Buffer.from('12345'), ' "x')
  line.atom()
  line.space().astring()
  assert.throws(() => line.space().astring(), 'Expected a quoted string with its closing quote at octet 8')
})

grammar('literal markers', () => {
  assert.equal(findAnnouncement('a LOGIN {5}'), {at: 8, announcement: {size: 5, waits: true, binary: false}})
  assert.equal(findAnnouncement('a x ~{5+}'), {at: 4, announcement: {size: 5, waits: false, binary: true}})
  assert.equal(findAnnouncement('a "\\"" {5}')?.at, 7)
  for (const text of ['a {5} ', 'a {5', 'a {}', 'a {x}', 'a {-1}', 'a "{5}', 'a "\\" {5}', 'a {5++}'])
    assert.is(findAnnouncement(text), undefined, text)
})

const view = (uids: readonly number[]) => ({
  size: uids.length,
  uidOf: (number: MessageNumber) => (uids[number - 1] ?? 0) as Uid,
  firstFrom: (uid: Uid) => {
    const at = uids.findIndex((each) => each >= uid)
    return at < 0 ? uids.length + 1 : at + 1
  },
})

grammar('sets of UIDs mean what RFC 3501 §9 says', () => {
  const box = view([2, 3, 5, 8])
  for (const [set, numbers] of [
    ['1:*', [1, 2, 3, 4]],
    ['*', [4]],
    ['20:*', [4]],
    ['*:20', [4]],
    ['4:3', [2]],
    ['6:7', []],
    ['8,2,2:3', [1, 2, 4]],
    ['100', []],
    ['1', []],
  ] as const) {
    assert.equal(resolveUids(cursor(set).messageSet(), box), [...numbers], set)
  }
  assert.equal(resolveUids(cursor('1:*').messageSet(), view([])), [])
})

grammar('sets of numbers mean what RFC 3501 §9 says', () => {
  const box = {size: 4}
  assert.equal(resolveNumbers(cursor('3:1,*,2').messageSet(), box), [1, 2, 3, 4])
  for (const set of ['5', '1:5', '*:5'])
    assert.throws(() => resolveNumbers(cursor(set).messageSet(), box), /Invalid message sequence number: 5/)
  assert.throws(() => resolveNumbers(cursor('1:*').messageSet(), {size: 0}), /Invalid message sequence number/)
})

grammar('sets are as a simple expansion has them, in linear time', () => {
  const range = fc.tuple(fc.integer({min: 1, max: 60}), fc.integer({min: 1, max: 60}))
  fc.assert(
    fc.property(fc.array(range, {minLength: 1}), (ranges) => {
      const expected = new Set<number>()
      for (const [a, b] of ranges) for (let n = Math.min(a, b); n <= Math.max(a, b); n++) expected.add(n)
      const sorted = [...expected].sort((a, b) => a - b)
      const numbers = resolveNumbers(cursor(ranges.map(([a, b]) => `${a}:${b}`).join(',')).messageSet(), {size: 60})
      assert.equal([...numbers] as number[], sorted)
      assert.equal([...resolveNumbers(cursor(formatSet(sorted)).messageSet(), {size: 60})] as number[], sorted)
    }),
  )
  const began = performance.now()
  const many = resolveNumbers(cursor(Array.from({length: 10_000}, () => '1:*').join(',')).messageSet(), {size: 100_000})
  assert.is(many.length, 100_000)
  assert.ok(performance.now() - began < 1_000)
})

grammar('modified UTF-7 in both directions', () => {
  for (const [wire, text] of [
    ['R&AOk-sum&AOk-', 'Résumé'],
    ['A&-B', 'A&B'],
    ['&AOkA6A-', 'éè'],
    ['&AOk-&-&AOg-', 'é&è'],
    ['&AAE-', '\x01'],
    ['&2Dzf1Q-', '🏕'],
    ['a b~\x7f', 'a b~\x7f'],
  ] as const) {
    assert.is(decodeUtf7(wire), text)
    assert.is(encodeUtf7(text), wire)
  }
  assert.is(decodeUtf7('&AOkA-'), 'é')
  assert.is(decodeUtf7('&AGEAYg-'), 'ab')
  assert.is(decodeUtf7('a&AC4-b'), 'a.b')
  for (const broken of ['A&B', 'bad&name', '&AOk', '&', 'a.&AOk.x-', '\xc3\xa9', '&2Dw-', '&3zw-', '&AAA-', '&AO=-', '&A/k-']) {
    assert.is(decodeUtf7(broken), undefined, broken)
  }
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), (text) => {
      if (text.includes('\0')) return
      const wire = encodeUtf7(text)
      assert.match(wire, /^[\x20-\x7f]*$/)
      assert.is(decodeUtf7(wire), text)
    }),
  )
})

/** The same as a regular expression, for short patterns. */
function slowMatch(pattern: string, name: string): boolean {
  const source = pattern.replace(/[*%.+?^${}()|[\]\\]/g, (char) => (char === '*' ? '.*' : char === '%' ? '[^.]*' : `\\${char}`))
  return new RegExp(`^${source}$`, 's').test(name)
}

grammar('wildcards match as a regular expression does', () => {
  const text = (chars: string) => fc.string({unit: fc.constantFrom(...chars), maxLength: 8})
  fc.assert(
    fc.property(text('ab.*%'), text('ab.'), (pattern, name) => {
      assert.is(wildcardMatcher(pattern)(name), slowMatch(pattern, name), `${pattern} ${name}`)
    }),
    {numRuns: 2_000},
  )
})

grammar('hostile patterns take no time', () => {
  const matches = wildcardMatcher(`${`*${'a'.repeat(20)}`.repeat(9)}b`)
  const began = performance.now()
  for (let i = 0; i < 100; i++) assert.is(matches('a'.repeat(255)), false)
  assert.ok(performance.now() - began < 1_000)
})

grammar.run()
