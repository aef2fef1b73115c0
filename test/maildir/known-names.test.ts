/** Messages by their base names, against a map of them, while they come and go. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {BaseTable} from '../../src/maildir/folder/base-table.js'
import type {MessageRow} from '../../src/maildir/folder/chunk.js'
import {NameTable} from '../../src/maildir/folder/known-names.js'
import {Snapshot} from '../../src/maildir/folder/snapshot.js'
import type {Uid} from '../../src/maildir/types.js'
import {isLong} from '../support/is-long.js'
import {suite} from '../support/suite.js'

const known = suite('Known names')

/** Few, so that the same come again. */
const base = fc.integer({min: 0, max: 300}).map((number) => `${number}.M${number}.hôst`)
const step = fc.oneof(
  {weight: 3, arbitrary: fc.record({added: fc.uniqueArray(base, {maxLength: 40})})},
  {weight: 1, arbitrary: fc.record({gone: fc.nat({max: 50})})},
  {weight: 1, arbitrary: fc.constant({anew: true})},
)

const rowOf = (own: string, uid: number): MessageRow => ({uid: uid as Uid, base: own, info: ':2,S', flags: 8, keywordSet: 0, modseq: 1})

/** The same snapshot with its names as octets. */
function inOctets(snapshot: Snapshot): Snapshot {
  return Snapshot.ofColumns(snapshot.columns().map((each) => ({...each, bases: BaseTable.from(each.bases, each.uids.length)})))
}

known('each message is found by its base name, however many have come and gone, and no other is', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 20}), fc.boolean(), (steps, asOctets) => {
      let snapshot = Snapshot.empty
      let uid = 0
      const table = new NameTable(() => snapshot)
      const expected = new Map<string, number>()
      for (const each of steps) {
        if ('added' in each) {
          const rows = each.added.filter((own) => !expected.has(own)).map((own) => rowOf(own, ++uid))
          snapshot = snapshot.append(rows)
          for (const row of rows) {
            expected.set(row.base, row.uid)
            table.add(row.base, row.uid)
          }
        } else if ('gone' in each) {
          const gone = [...expected].filter((_, place) => (place * 7) % 50 < each.gone)
          snapshot = snapshot.without(gone.map(([, number]) => number))
          for (const [own] of gone) expected.delete(own)
        } else if (asOctets) {
          snapshot = inOctets(snapshot)
          table.takeUp()
        }
        for (let number = 0; number <= 301; number += 1) {
          const own = `${number}.M${number}.hôst`
          const index = table.indexOf(`${own}:2,S`, own.length)
          assert.is(index < 0 ? undefined : table.uidAt(index), expected.get(own))
          if (index >= 0) assert.is(table.infoAt(index), ':2,S')
        }
        assert.is(table.indexOf('0.M0.hôs'), -1)
      }
    }),
    {numRuns: isLong ? 2000 : 100},
  )
})

known('a table that is made in turn with other work knows the same', async () => {
  const rows = Array.from({length: 3000}, (_, place) => rowOf(`${place}.host`, place + 1))
  const snapshot = inOctets(Snapshot.of(rows))
  const table = new NameTable(() => snapshot)
  await table.make()
  for (const {base: own, uid} of rows) assert.is(table.indexOf(own), uid - 1)
  assert.is(table.indexOf('3000.host'), -1)
})

known.run()
