import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {INBOX} from '../../src/maildir/folder-names.js'
import {formatUidDatabase, parseUidDatabase, UidDatabaseText} from '../../src/maildir/uid-database.js'
import {UidValidities} from '../../src/maildir/uid-validities.js'
import {suite} from '../support/suite.js'

function parse(text: string) {
  const database = parseUidDatabase(Buffer.from(text, 'latin1'))
  return database && {...database, uids: Object.fromEntries(database.uids)}
}

const database = suite('courierimapuiddb')

database('is read', () => {
  assert.equal(parse('1 795226013 3\n1 1795226013.M6P2.vm,S=12\n2 1795226013.M7P2_0.tsth,S=7\n'), {
    uidValidity: 795226013,
    uidNext: 3,
    uids: {'1795226013.M6P2.vm,S=12': 1, '1795226013.M7P2_0.tsth,S=7': 2},
  })
})

for (const [title, text] of [
  ['empty', ''],
  ['of another version', '2 5 3\n'],
  ['with two numbers', '1 5\n1 3 x\n'],
  ['without numbers', 'garbage\n1 a\n'],
  ['with UIDVALIDITY 0', '1 0 5\n'],
  ['with a UIDVALIDITY above 32 bits', '1 4294967296 5\n'],
  ['with no UID left', '1 5 4294967296\n'],
  ['with too few UIDs left for a large delivery', '1 5 4294967295\n'],
  ['of NULs', '\0'.repeat(5000)],
] as const) {
  database(`${title} is made anew`, () => {
    assert.is(parse(text), undefined)
  })
}

database('skips the highest numbers, after which hardly any could follow', () => {
  assert.equal(parse('1 5 6\n4278190079 a\n4278190078 b\n4294967294 c\n'), {uidValidity: 5, uidNext: 4278190079, uids: {b: 4278190078}})
})

database('may have blanks and text after the header, and no line end at the end', () => {
  assert.equal(parse(' 1   7\t9 and more\n 3 a b:c\n4\td'), {uidValidity: 7, uidNext: 9, uids: {'a b:c': 3, d: 4}})
})

database('never has a next UID that was given before', () => {
  assert.is(parse('1 7 2\n5 a\n3 b\n')?.uidNext, 6)
})

database('counts the first of lines with one UID or one name', () => {
  assert.equal(parse('1 7 2\n5 a\n3 b\n5 c\n6 b\n3 d\n'), {uidValidity: 7, uidNext: 7, uids: {a: 5, b: 3}})
})

database('skips lines that cannot be read', () => {
  assert.equal(parse('1 7 2\n\nx y\n0 z\n12\n12 \n13x\n99999999999 q\n1 a\n'), {uidValidity: 7, uidNext: 2, uids: {a: 1}})
})

database('is written as Courier does', () => {
  assert.is(
    formatUidDatabase({uidValidity: 7, uidNext: 9}, [
      ['a,S=1', 3],
      ['b', 8],
    ]).toString(),
    '1 7 9\n3 a,S=1\n8 b\n',
  )
})

const names = fc.uniqueArray(
  fc.string({unit: fc.integer({min: 0x21, max: 0xff}).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20}),
  {maxLength: 50},
)

database('comes back as it was written, whole or in pieces', () => {
  fc.assert(
    fc.property(names, fc.integer({min: 1, max: 4_000_000_000}), fc.integer({min: 0, max: 50}), (list, first, cut) => {
      const entries = list.map((name, index) => [name, first + 2 * index] as const)
      const text = new UidDatabaseText(entries.slice(0, cut))
      text.append(entries.slice(cut))
      const file = text.file(77, first + 2 * list.length)
      assert.equal(parseUidDatabase(file), {uidValidity: 77, uidNext: first + 2 * list.length, uids: new Map(entries)})
    }),
  )
})

database('of any octets is read or refused, and no UID stands twice', () => {
  const line = fc.oneof(
    fc.string({maxLength: 12}),
    fc.tuple(fc.nat({max: 9}), fc.string({maxLength: 2})).map(([uid, name]) => `${uid} ${name}`),
  )
  fc.assert(
    fc.property(fc.array(line, {maxLength: 20}), fc.nat({max: 20}), (lines, next) => {
      const result = parseUidDatabase(Buffer.from(`1 5 ${next}\n${lines.join('\n')}`))
      if (!result) return
      const uids = [...result.uids.values()]
      assert.is(new Set(uids).size, uids.length)
      assert.ok(uids.every((uid) => uid < result.uidNext))
    }),
  )
})

database('of 100,000 messages is read in a moment', () => {
  const entries = Array.from(
    {length: 100_000},
    (_, index) => [`${1795226013 + index}.M6P29V00I00_${index}.host,S=${index}`, index + 1] as const,
  )
  const file = formatUidDatabase({uidValidity: 1, uidNext: 100_001}, entries)
  const times = Array.from({length: 5}, () => {
    const began = process.cpuUsage()
    assert.is(parseUidDatabase(file)?.uids.size, 100_000)
    const {user, system} = process.cpuUsage(began)
    return (user + system) / 1000
  })
  // Time of the processor: others may be at work. Measured 25 ms; the bound only finds what is not linear.
  assert.ok(Math.min(...times) < 500, `${Math.min(...times)} ms`)
})

database('gets numbers that were never given before', () => {
  const validities = new UidValidities()
  const first = validities.give(INBOX, 1_795_226_013.7)
  assert.is(first, 795_226_013)
  assert.is(validities.give(INBOX, 1_795_226_013), 795_226_014)
  validities.retire(INBOX, 800_000_000)
  assert.is(validities.give(INBOX, 1_795_226_020), 800_000_001)
  assert.is(new UidValidities().give(INBOX, 5), 1)
})

database('gets a number even when the folder had the highest one', () => {
  const validities = new UidValidities()
  validities.retire(INBOX, 0xffffffff)
  assert.is(validities.give(INBOX, 1_795_226_013), 795_226_013)
  assert.is(validities.give(INBOX, 1_795_226_013), 795_226_014)
})

database.run()
