/** A view and the entries of a log together, against each entry by itself. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {Snapshot} from '../../../src/maildir/folder/snapshot.js'
import type {LogEntry, LogState} from '../../../src/maildir/index/flat/log-file.js'
import {stateAfter} from '../../../src/maildir/index/flat/replay.js'
import type {Uid} from '../../../src/maildir/types.js'
import {suite} from '../../support/suite.js'

const replay = suite('Replay of the log')

const rows = [2, 4, 6].map((uid) => ({uid: uid as Uid, base: `b${uid}`, info: ':2,', flags: 0, keywordSet: 0, modseq: 1}))
const view = {uidValidity: 1, uidNext: 7, highestModseq: 1, identity: undefined, snapshot: Snapshot.of(rows), keywordSets: [[]]}
const entryOf = (state: LogState): LogEntry => ({recordsEnd: 0, state, rows: []})

const step = fc.record({arrives: fc.nat({max: 2}), goes: fc.nat({max: 12}), changes: fc.array(fc.nat({max: 12}), {maxLength: 3})})

replay('many entries make the state that one after the other makes', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 12}), (steps) => {
      const messages = new Map<number, string>(rows.map(({uid, info}) => [uid, info]))
      const entries: LogEntry[] = []
      let [uidNext, modseq] = [7, 1]
      for (const {arrives, goes, changes} of steps) {
        modseq += 1
        const gone = [...messages.keys()].filter((uid) => uid % 13 === goes)
        for (const uid of gone) messages.delete(uid)
        const added = Array.from({length: arrives}, () => uidNext++)
        for (const uid of added) messages.set(uid, '')
        const uids = [...messages.keys()].filter((uid) => added.includes(uid) || changes.includes(uid % 13))
        const info = `:2,S${modseq}`
        for (const uid of uids) messages.set(uid, info)
        const changed = uids.length > 0 ? [{info, modseq, keywords: modseq % 2 === 0 ? ['Blue'] : [], uids}] : []
        const bases = added.map((uid) => `b${uid}`)
        entries.push(entryOf({uidNext, highestModseq: modseq, identity: undefined, gone, added: {uids: added, bases}, changed}))
      }
      const after = stateAfter(view, entries)
      assert.equal([after.uidNext, after.highestModseq], [uidNext, modseq])
      const found = [...after.snapshot.rows()]
      assert.equal(
        found.map(({uid, base, info}) => [uid, base, info]),
        [...messages].map(([uid, info]) => [uid, `b${uid}`, info]),
      )
      for (const {info, modseq: told, keywordSet, flags} of found) {
        const number = Number(info.slice(4) || 1)
        assert.is(told, number)
        assert.equal(after.keywords(keywordSet), number % 2 === 0 ? ['Blue'] : [])
        assert.is(flags, number === 1 ? 0 : 8)
      }
    }),
  )
})

for (const [title, state] of [
  ['a message that comes below the last one', {added: {uids: [6], bases: ['x']}}],
  ['a message that comes below another that came', {added: {uids: [9, 8], bases: ['x', 'y']}}],
  ['a change of a message that is not there', {changed: [{info: ':2,S', modseq: 2, keywords: [], uids: [5]}]}],
] as const) {
  replay(`${title} is no log of the view`, () => {
    const whole = {uidNext: 10, highestModseq: 2, identity: undefined, gone: [], added: {uids: [], bases: []}, changed: [], ...state}
    assert.throws(
      () => stateAfter(view, [entryOf(whole)]),
      (error: unknown) => error instanceof RangeError,
    )
  })
}

replay.run()
