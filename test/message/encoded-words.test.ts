import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {decodeWordsIn, encodeEightBit} from '../../src/message/encoded-words.js'
import {suite} from '../support/suite.js'

const words = suite('Encoded words')

const octets = (text: string): string => Buffer.from(text).toString('latin1')

for (const [value, expected] of [
  ['plain', 'plain'],
  ['=?utf-8?Q?caf=C3=A9?= test', 'café test'],
  ['=?ISO-8859-1?q?a_=E9?=', 'a é'],
  ['=?utf-8?B?Y2Fmw6kg4oKs?=', 'café €'],
  ['=?utf-8?Q?a?= =?utf-8?Q?b?=', 'ab'],
  ['=?utf-8?Q?a?= x =?utf-8?Q?b?=', 'a x b'],
  ['=?utf-8?Q?a?=\t =?iso-8859-15?Q?=A4?=', 'a€'],
  ['=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=', 'é'],
  ['=?utf-8*de?Q?=C3=A9?=', 'é'],
  ['=?utf-8?Q?with space?=', 'with space'],
  ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
  ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
  ['=?shift_jis?B?k/qWew==?=', '日本'],
  ['=?gb2312?B?1tDOxA==?=', '中文'],
  ['=?x-nonsense?Q?=E9?=', 'é'],
  ['=?utf-8?X?abc?=', '=?utf-8?X?abc?='],
  ['=?utf-8?Q?open', '=?utf-8?Q?open'],
  ['=?utf-8?Q?=ZZ=4?=', '=ZZ=4'],
  [octets('raw café'), 'raw café'],
  ['raw caf\xe9', 'raw café'],
  ['caf\xe9 =?utf-8?Q?=C3=A9?=', 'café é'],
] as const) {
  words(`${JSON.stringify(value)} is ${expected}`, () => assert.is(decodeWordsIn(value), expected))
}

for (const [text, expected] of [
  ['café €', '=?utf-8?B?Y2Fmw6kg4oKs?='],
  ['né.txt', '=?utf-8?Q?n=C3=A9.txt?='],
  ['é', '=?utf-8?B?w6k=?='],
  ['a é b', 'a =?utf-8?B?w6k=?= b'],
  ['éé é', '=?utf-8?B?w6nDqSDDqQ==?='],
  ['ascii né €€ ascii ü\tü  ö end', 'ascii =?utf-8?B?bsOpIOKCrOKCrA==?= ascii =?utf-8?B?w7wJw7wgIMO2?= end'],
  ['aaaaaaaaaaaaaaaaaaaé?b', '=?utf-8?Q?aaaaaaaaaaaaaaaaaaa=C3=A9=3Fb?='],
  ['aaaaaaaaaaaaaaaaaaaé(b)', '=?utf-8?Q?aaaaaaaaaaaaaaaaaaa=C3=A9(b)?='],
  ['aaaaaaaaaaaaaaaaaaaaaaaaaaaé"_ é', '=?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaa=C3=A9=22=5F_=C3=A9?='],
  ['plain', 'plain'],
] as const) {
  words(`${text} is sent as ${expected}`, () => assert.is(encodeEightBit(octets(text)), expected))
}

words('octets that are not UTF-8 are taken as windows-1252', () => {
  assert.is(encodeEightBit('caf\xe9 latin1'), '=?utf-8?B?Y2Fmw6k=?= latin1')
  assert.is(decodeWordsIn('it\x92s 5 \x80'), 'it’s 5 €')
  assert.is(decodeWordsIn('=?windows-1252?Q?it=92s?= =?us-ascii?Q?_5_=80?='), 'it’s 5 €')
})

words('an encoded word stays, and so do the blanks beside it', () => {
  assert.is(decodeWordsIn(encodeEightBit(octets('é =?utf-8?Q?x?= é'))), 'é x é')
})

words('what is encoded is ASCII, in short words, and decodes to the same', () => {
  const letter = fc.constantFrom(
    'a',
    'Z',
    ' ',
    '  ',
    '\t',
    '=',
    '?',
    '_',
    '"',
    '\\',
    '.',
    'é',
    '€',
    '日',
    '😀',
    'e\u0301',
    '👨‍👩‍👧‍👦',
    '\u0301'.repeat(40),
  )
  fc.assert(
    fc.property(fc.array(letter, {maxLength: 80}), (letters) => {
      const text = letters.join('').trim()
      const sent = encodeEightBit(octets(text))
      assert.ok(/^[\0-\x7f]*$/.test(sent))
      for (const word of sent.match(/=\?utf-8\?[QB]\?[^?]*\?=/g) ?? []) assert.ok(word.length <= 75, word)
      assert.is(decodeWordsIn(sent), text)
    }),
    {numRuns: 1000},
  )
})

words('any octets are decoded to something', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({maxLength: 40}),
      (bytes) => typeof decodeWordsIn(`=?${Buffer.from(bytes).toString('latin1')}?=`) === 'string',
    ),
  )
})

words.run()
