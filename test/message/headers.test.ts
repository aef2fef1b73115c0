import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {countedMemory} from '../../src/message/counted-memory.js'
import {headerLength, selectFields, selectMimeFields, splitHeader, unfold, valuesOf} from '../../src/message/headers.js'
import {suite} from '../support/suite.js'
import {hostileMessages} from './messages.js'

const headers = suite('Header fields')

const HEADER =
  'From a@b Mon Jan  1 10:00:00 2024\nSubject: one\n two\nX-A : spaced\nnonsense\n more\nsubject:again\nMIME-Version: 1.0\nContent-Type: a/b\n\n'

headers('a block is split into fields with their continuation lines', () => {
  assert.equal(
    splitHeader(HEADER).map(({name, start, valueStart, end}) => [name, HEADER.slice(valueStart, end), valueStart - start]),
    [
      ['', 'From a@b Mon Jan  1 10:00:00 2024\n', 0],
      ['subject', ' one\n two\n', 8],
      ['x-a', ' spaced\n', 5],
      ['', 'nonsense\n more\n', 0],
      ['subject', 'again\n', 8],
      ['mime-version', ' 1.0\n', 13],
      ['content-type', ' a/b\n', 13],
    ],
  )
})

for (const [names, not, expected] of [
  [['SUBJECT'], false, 'Subject: one\n two\nsubject:again\n\n'],
  [['x-none'], false, '\n'],
  [[], false, '\n'],
  [['subject', 'mime-version', 'CONTENT-TYPE', 'X-A'], true, 'From a@b Mon Jan  1 10:00:00 2024\nnonsense\n more\n\n'],
  [['content-type', 'x-a'], false, 'X-A : spaced\nContent-Type: a/b\n\n'],
] as const) {
  headers(`${not ? 'all but' : 'only'} ${names.join(', ') || 'nothing'}`, () => {
    assert.is(selectFields(HEADER, names, {not}), expected)
  })
}

headers('the MIME fields', () => assert.is(selectMimeFields(HEADER), 'MIME-Version: 1.0\nContent-Type: a/b\n\n'))

headers('a last line without its end gets one', () => assert.is(selectFields('Subject: x', ['subject']), 'Subject: x\n\n'))

headers('CRLF in the file is kept', () => {
  assert.is(selectFields('A: 1\r\nB: 2\r\n 3\r\n\r\n', ['b']), 'B: 2\r\n 3\r\n\n')
})

const COUNTED = countedMemory(64 * 1024)

/** The same octets where WebAssembly can look at them, with others behind. */
function inCountedMemory(octets: Buffer): Buffer {
  COUNTED.fill('\n')
  octets.copy(COUNTED)
  return COUNTED.subarray(0, octets.length)
}

for (const [text, expected] of [
  ['A: b\n\nbody', 6],
  ['A: b\r\n\r\nbody', 8],
  ['A: b\n \n\nbody', 8],
  ['\nbody', 1],
  ['\r\nbody', 2],
  ['A: b\r\r\n\nbody', 8],
  ['A: b', 4],
  ['', 0],
] as const) {
  headers(`${JSON.stringify(text)} has a header of ${expected} octets`, () => {
    assert.is(headerLength(Buffer.from(text)), expected)
    assert.is(headerLength(inCountedMemory(Buffer.from(text))), expected)
  })
}

for (const [raw, expected] of [
  [' foo\n\tbar\n   baz  \n', 'foo bar baz'],
  ['foo\r\n bar\r\n', 'foo bar'],
  [' x\0y\n', 'x y'],
  [' \xe0\xa0 \n', '\xe0\xa0'],
  ['\n \n', ''],
] as const) {
  headers(`${JSON.stringify(raw)} unfolds to ${JSON.stringify(expected)}`, () => assert.is(unfold(raw), expected))
}

headers('values of a field in order', () => assert.equal(valuesOf(HEADER, 'subject'), ['one two', 'again']))

headers('every octet is in one field, or in the empty line and after', () => {
  fc.assert(
    fc.property(hostileMessages, (message) => {
      const header = message.toString('latin1', 0, headerLength(message))
      assert.is(headerLength(inCountedMemory(message)), header.length)
      assert.is(header.length, /^(?:\r?\n|[\s\S]*?\n\r?\n)/.exec(message.toString('latin1'))?.[0].length ?? message.length)
      let at = 0
      for (const {start, valueStart, end} of splitHeader(header)) {
        assert.is(start, at)
        assert.ok(start <= valueStart && valueStart <= end && start < end)
        at = end
      }
      assert.ok(['', '\n', '\r\n'].includes(header.slice(at)))
      const both = ['subject', 'content-type'] as const
      const chosen = selectFields(header, both).length + selectFields(header, both, {not: true}).length
      assert.ok(chosen >= at + 2 && chosen <= at + 4)
    }),
    {numRuns: 500},
  )
})

headers.run()
