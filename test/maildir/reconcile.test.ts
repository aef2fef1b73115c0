/** What a listing says about known messages, against the slow and simple way to say it. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {BaseTable} from '../../src/maildir/folder/base-table.js'
import type {MessageRow} from '../../src/maildir/folder/chunk.js'
import {NameTable} from '../../src/maildir/folder/known-names.js'
import {likelyInfos, MISSES_UNTIL_GONE, MissingMessages, Reconciliation, splitName} from '../../src/maildir/folder/reconcile.js'
import {isSameListing} from '../../src/maildir/folder/same-listing.js'
import {Snapshot} from '../../src/maildir/folder/snapshot.js'
import type {Uid} from '../../src/maildir/types.js'
import {finish} from '../../src/support/steps.js'
import {isLong} from '../support/is-long.js'
import {suite} from '../support/suite.js'

const reconciling = suite('Reconcile')

const base = fc.constantFrom('a', 'b', 'c', 'a:b', 'd,S=1', '1.M2.host')
const info = fc.constantFrom('', ':2,', ':2,S', ':2,FS', ':2,Sa', ':1,x')
const name = fc.tuple(base, info).map((parts) => parts.join(''))

function knownNames(names: readonly string[]): {readonly table: NameTable; readonly rows: readonly MessageRow[]} {
  const parts = [...new Map(names.map((full) => [splitName(full).base, splitName(full)])).values()]
  const rows = parts.map((part, place): MessageRow => ({...part, uid: (place + 1) as Uid, flags: 0, keywordSet: 0, modseq: 1}))
  const snapshot = Snapshot.of(rows)
  const table = new NameTable(() => snapshot)
  return {table, rows}
}

reconciling('a listing is the same as what is known when it has these very names in this order, and each has an ending', () => {
  const listings = fc.tuple(fc.array(name, {maxLength: 4}), fc.array(name, {maxLength: 4}), fc.boolean(), fc.boolean())
  fc.assert(
    fc.property(listings, ([knownOnes, other, isKnown, isTable]) => {
      const parts = knownOnes.map(splitName)
      const bases = parts.map((part) => part.base)
      const rows = parts.map((part, place): MessageRow => ({...part, uid: (place + 1) as Uid, flags: 0, keywordSet: 0, modseq: 1}))
      const columns = Snapshot.of(rows).columns()
      const snapshot = Snapshot.ofColumns(columns.map((each) => ({...each, bases: isTable ? BaseTable.of(bases) : each.bases})))
      const listed = isKnown ? knownOnes : other
      const isSame = listed.length === knownOnes.length && listed.every((full, place) => full === knownOnes[place] && full.includes(':'))
      assert.is(finish(isSameListing(snapshot, listed)), isSame)
    }),
    {numRuns: isLong ? 20_000 : 1000},
  )
})

reconciling('each message is unchanged, renamed, doubled or missing; each other name is new', () => {
  fc.assert(
    fc.property(fc.array(name, {maxLength: 6}), fc.array(fc.oneof(name, fc.constant('.hidden')), {maxLength: 12}), (knownOnes, listed) => {
      const {table, rows} = knownNames(knownOnes)
      const reconciliation = new Reconciliation(table)
      const half = listed.length >> 1
      reconciliation.take(listed.slice(0, half))
      reconciliation.take(listed.slice(half))
      const findings = reconciliation.findings()
      const endings = (wanted: string) =>
        [...new Set(listed.filter((full) => !full.startsWith('.') && splitName(full).base === wanted))].map((full) => splitName(full).info)
      const bases = new Set<string>()
      for (const {uid, base: own, info: ending} of rows) {
        bases.add(own)
        const seen = endings(own)
        const others = seen.filter((other) => other !== ending)
        assert.is(findings.missing.includes(uid), seen.length === 0)
        assert.equal(findings.renamed.get(uid), seen.length > 0 && others.length === seen.length ? others : undefined)
        const isDoubled = others.length > 0 && others.length < seen.length
        const doubled = findings.doubled.get(uid)
        assert.equal(doubled && {...doubled, others: [...new Set(doubled.others)]}, isDoubled ? {own: ending, others} : undefined)
      }
      for (const full of listed) {
        const part = splitName(full)
        if (!full.startsWith('.') && !bases.has(part.base)) {
          const first = findings.added.get(part.base)
          assert.equal(findings.ambiguous.get(part.base) ?? [first], endings(part.base))
          assert.is(first, endings(part.base)[0])
        }
      }
      for (const added of findings.added.keys()) assert.not.ok(bases.has(added))
    }),
    {numRuns: isLong ? 20_000 : 1000},
  )
})

reconciling('a message is gone when a steady scan misses it, or as many in a row as are waited for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({steady: fc.boolean(), missing: fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c'))}), {maxLength: 12}),
      (scans) => {
        const missing = new MissingMessages()
        const inARow = new Map<string, number>()
        for (const scan of scans) {
          for (const known of ['a', 'b', 'c']) inARow.set(known, scan.missing.includes(known) ? (inARow.get(known) ?? 0) + 1 : 0)
          const {gone, doubtful} = missing.judge(scan.missing, scan.steady)
          const isGone = (one: string) => scan.steady || (inARow.get(one) ?? 0) >= MISSES_UNTIL_GONE
          assert.equal(gone, scan.missing.filter(isGone))
          assert.equal(
            doubtful,
            scan.missing.filter((one) => !isGone(one)),
          )
          for (const one of gone) inARow.set(one, 0)
        }
      },
    ),
    {numRuns: isLong ? 20_000 : 1000},
  )
})

reconciling('likely endings are all sets of flags and those in use, each once', () => {
  const infos = likelyInfos([':2,S', ':2,Sa', ''])
  assert.is(infos.length, 34)
  assert.is(new Set(infos).size, 34)
  for (const ending of ['', ':2,', ':2,DFRST', ':2,Sa']) assert.ok(infos.includes(ending))
})

reconciling.run()
