import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {FieldNames} from '../../src/message/field-scan.js'
import {headerLength, selectFields, splitHeader, valuesOf} from '../../src/message/headers.js'
import {corpusNames, storedMessage} from '../support/corpus.js'
import {suite} from '../support/suite.js'

const test = suite('Fields of a header by name')

function check(header: string, names: readonly string[]): void {
  const wanted = new FieldNames(names)
  const lower = new Set(names.map((name) => name.toLowerCase()))
  assert.equal(
    wanted.in(header),
    splitHeader(header).filter(({name}) => name !== '' && lower.has(name)),
  )
  const octets = Buffer.from(header, 'latin1')
  const target = Buffer.alloc(3 + 2 * octets.length + 4)
  const end = wanted.write(octets, target, 3)
  assert.is(target.toString('latin1', 3, end), selectFields(header, names).replaceAll('\n', '\r\n'))
  assert.equal(
    wanted.values(header),
    names.map((name) => valuesOf(header, name.toLowerCase())[0]),
  )
}

test('are those that splitting the whole header gives', () => {
  const line = fc.constantFrom(
    'From: a',
    'FROM : b',
    'from\t: c',
    'Fro',
    'Frommage: x',
    ' more',
    '\tmore',
    ': x',
    'To:',
    'x',
    '',
    '\r',
    'To: a\r',
    'garbage \xe9: y',
    'To: \x0b\x8a\x8b\x0b\x09\x0b',
    '\x0b\x8a\x8b: z',
  )
  fc.assert(
    fc.property(fc.array(line, {maxLength: 12}), fc.boolean(), fc.subarray(['From', 'TO', 'x-none', 'garbage']), (lines, ended, names) => {
      check(lines.join('\n') + (ended ? '\n' : ''), names)
    }),
  )
})

test.when(corpusNames().length > 0, 'the corpus is not here')('are so for every message of the corpus', () => {
  for (const name of corpusNames()) {
    const message = storedMessage(name)
    check(message.toString('latin1', 0, headerLength(message)), ['subject', 'From', 'to', 'cc', 'received', 'date', 'message-id'])
  }
})

test('none are none', () => {
  check('From: a\n\n', [])
  check('', ['from'])
  check('\nFrom: a\n', ['from'])
})

test.run()
