import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {
  baseName,
  countsForQuota,
  flagsOfName,
  nameInCur,
  sizeOfName,
  sortForUids,
  withFlags,
  withSize,
} from '../../src/maildir/file-names.js'
import {FLAG} from '../../src/maildir/types.js'
import {escapeHost, UniqueNames} from '../../src/maildir/unique-names.js'
import {finish} from '../../src/support/steps.js'
import {suite} from '../support/suite.js'

const ALL = FLAG.draft | FLAG.flagged | FLAG.answered | FLAG.seen | FLAG.deleted
const octets = fc.string({unit: fc.integer({min: 1, max: 255}).map((code) => String.fromCharCode(code)), maxLength: 30})
const files = suite('File names')

for (const [name, size] of [
  ['cur/1.M2P3.h,S=45,W=50:2,S', 45],
  ['1.M2P3.h:2,S', undefined],
  ['4.h,S=7,S=9:2,', 9],
  ['3.h,S=:2,', 0],
  ['5.h,W=9,S=12x:2,', 12],
  ['dir,S=9/1.h', undefined],
  ['1.h:2,S,S=5', undefined],
  [',S=3', 3],
  ['S=3', undefined],
  ['', undefined],
  [`1.h,S=${'9'.repeat(40)}`, undefined],
] as const) {
  files(`${name.slice(0, 40)} says a size of ${size}`, () => assert.is(sizeOfName(name), size))
}

for (const [name, size, result] of [
  ['cur/1.h:2,S', 7, 'cur/1.h,S=7:2,S'],
  ['1.h,S=5,W=6:2,', 7, '1.h,S=7,W=6:2,'],
  ['1.h', 7, '1.h,S=7'],
  ['1.h,S=5,S=6', 7, '1.h,S=7,S=6'],
  ['a,S=9/1.h:2,S', 7, 'a,S=9/1.h,S=7:2,S'],
  ['1.h:2,S,S=5', 7, '1.h,S=7:2,S,S=5'],
] as const) {
  files(`${name} with size ${size} is ${result}`, () => assert.is(withSize(name, size), result))
}

for (const [name, flags] of [
  ['1.h', 0],
  ['1.h:2,', 0],
  ['1.h:2,DFRST', ALL],
  ['1.h:2,TSxRPFD', ALL],
  ['1.h:1,S', 0],
  ['1.h:2', 0],
  ['a:2,S:b', 0],
  ['a:b:2,S', FLAG.seen],
] as const) {
  files(`${name} has the flags ${flags}`, () => assert.is(flagsOfName(name), flags))
}

for (const [name, flags, result] of [
  ['1.h', ALL, '1.h:2,DFRST'],
  ['1.h:2,T', FLAG.draft | FLAG.answered | FLAG.flagged | FLAG.seen, '1.h:2,DFRS'],
  ['1.h:2,SabPa', FLAG.seen | FLAG.deleted, '1.h:2,PSTab'],
  ['1.h:2,Pz', 0, '1.h:2,Pz'],
  ['1.h:1,xyz', FLAG.seen, '1.h:2,S'],
  ['a:b', FLAG.seen, 'a:2,S'],
] as const) {
  files(`${name} with the flags ${flags} becomes ${result}`, () => assert.is(withFlags(name, flags), result))
}

for (const [name, counts] of [
  ['1.x,S=7,W=9:2,ST', false],
  ['2.x,S=7,W=9:2,S', true],
  ['3.x:2,aT', true],
  ['4.x:2,SaT', true],
  ['5.x:1,T', true],
  ['5.x', true],
  ['.6', false],
] as const) {
  files(`${name} ${counts ? 'counts' : 'does not count'} for the quota`, () => assert.is(countsForQuota(name), counts))
}

files('keep their base name, whatever the flags', () => {
  fc.assert(
    fc.property(octets, fc.integer({min: 0, max: ALL}), (name, flags) => {
      const changed = withFlags(name, flags)
      assert.is(baseName(changed), baseName(name))
      assert.is(flagsOfName(changed), flags)
      assert.is(withFlags(withFlags(changed, 0), flags), changed)
    }),
  )
})

files('tell the size that was put in', () => {
  fc.assert(
    fc.property(
      octets.filter((name) => (name.split('/').at(-1)?.split(':')[0]?.split(',S=').length ?? 0) <= 2),
      fc.nat(),
      (name, size) => {
        assert.is(sizeOfName(withSize(name, size)), size)
      },
    ),
  )
})

files('get ":2," on the way to cur only when they have no colon', () => {
  assert.is(nameInCur('1.h'), '1.h:2,')
  assert.is(nameInCur('1.h:2,S'), '1.h:2,S')
  assert.is(nameInCur('1.h:x'), '1.h:x')
})

files('are sorted by leading number, then octets, up to the colon', () => {
  const sorted = ['.x', 'a', '7', '9.b', '9.b,S=1:2,', '9.c:2,', '10.a', '4294967296.a', '12345678901234567890.a', '12345678901234567891.a']
  assert.equal(finish(sortForUids([...sorted].reverse(), (name) => name)), sorted)
  assert.equal(finish(sortForUids(['1.b:2,', '01.b', '1.a\xff', '1.a'], (name) => name)), ['01.b', '1.a', '1.a\xff', '1.b:2,'])
})

files('are made unique', () => {
  const unique = new UniqueNames({host: 'ho/st:1', pid: 42, nowMicroseconds: () => 1_795_226_013_000_566})
  const name = unique.message()
  assert.is(name.temporary, '1795226013.M566P42_0.ho\\057st\\0721')
  assert.is(
    name.final({device: 0xfe00n, inode: 0x22416fn}, 12, FLAG.seen | FLAG.draft),
    '1795226013.M566P42V000000000000FE00I000000000022416F_0.ho\\057st\\0721,S=12:2,DS',
  )
  assert.is(unique.message().temporary, '1795226013.M566P42_1.ho\\057st\\0721')
  assert.is(unique.side('courierlock'), '1795226013.M566P42_courierlock2.ho\\057st\\0721')
  assert.is(
    unique.ofLink('1700000000.M1P1V000000000000FE00I0000000000000001_0.other,S=5', 12),
    '1795226013.M566P42V000000000000FE00I0000000000000001_3.ho\\057st\\0721,S=12',
  )
  assert.is(unique.ofLink('1700000000.M1P1.V00I00', 12), '1795226013.M566P42_4.ho\\057st\\0721,S=12')
  assert.is(escapeHost(''), 'localhost')
  assert.is(escapeHost('x'.repeat(300)).length, 100)
})

files.run()
