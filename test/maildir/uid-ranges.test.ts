import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {UidRanges} from '../../src/maildir/folder/uid-ranges.js'
import {suite} from '../support/suite.js'

const ranges = suite('Ranges of UIDs')

ranges('have what was added above all before, and nothing else', () => {
  const added = fc.array(fc.tuple(fc.integer({min: 1, max: 60}), fc.nat(6)), {maxLength: 12})
  fc.assert(
    fc.property(added, (pairs) => {
      const some = new UidRanges()
      const expected = new Set<number>()
      let highest = 0
      for (const [from, length] of pairs) {
        some.add(from, from + length)
        for (let uid = Math.max(from, highest); uid < from + length; uid += 1) expected.add(uid)
        if (length > 0) highest = Math.max(highest, from + length)
      }
      for (let uid = 1; uid < 70; uid += 1) assert.is(some.has(uid), expected.has(uid), `${uid}`)
    }),
  )
})

ranges('that follow each other are one, however many there were', () => {
  const some = new UidRanges()
  for (let uid = 1; uid <= 1000; uid += 1) some.add(uid, uid + 1)
  assert.equal(some.all, [[1, 1001]])
})

ranges.run()
