/** Snapshots against a plain array that is copied at each change. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {CHUNK_MESSAGES, inOrder, type MessageRow, type StateChange} from '../../src/maildir/folder/chunk.js'
import {Snapshot} from '../../src/maildir/folder/snapshot.js'
import type {Stretch, Uid} from '../../src/maildir/types.js'
import {isLong} from '../support/is-long.js'
import {suite} from '../support/suite.js'

const snapshots = suite('Snapshot')

type Change =
  | {readonly kind: 'append'; readonly count: number; readonly gap: number}
  | {readonly kind: 'without'; readonly from: number; readonly count: number; readonly every: number}
  | {readonly kind: 'change'; readonly from: number; readonly count: number; readonly flags: number}

/** Counts near the size of a chunk are the interesting ones. */
const count = fc.oneof(
  fc.nat(5),
  fc.integer({min: CHUNK_MESSAGES - 2, max: CHUNK_MESSAGES + 2}),
  fc.constantFrom(2 * CHUNK_MESSAGES, 2 * CHUNK_MESSAGES + 1),
)
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({kind: fc.constant('append' as const), count, gap: fc.integer({min: 1, max: 3})}),
  fc.record({kind: fc.constant('without' as const), from: fc.nat(5000), count, every: fc.integer({min: 1, max: 3})}),
  fc.record({kind: fc.constant('change' as const), from: fc.nat(5000), count, flags: fc.nat(31)}),
)

/** Applies a change to both. UIDs that do not exist are among those asked for. */
function apply({snapshot, model, uidNext}: {snapshot: Snapshot; model: MessageRow[]; uidNext: number}, step: Change) {
  if (step.kind === 'append') {
    const rows = Array.from({length: step.count}, (_, place): MessageRow => {
      const uid = (uidNext + place * step.gap) as Uid
      return {uid, base: `b${uid}`, info: ':2,', flags: uid % 32, keywordSet: uid % 3, modseq: uid * 7}
    })
    return {snapshot: snapshot.append(rows), model: [...model, ...rows], uidNext: uidNext + step.count * step.gap}
  }
  const uids = Array.from({length: step.count}, (_, place) => step.from + place * (step.kind === 'without' ? step.every : 1))
  if (step.kind === 'without') {
    const gone = new Set(uids)
    return {snapshot: snapshot.without(uids), model: model.filter(({uid}) => !gone.has(uid)), uidNext}
  }
  const changes = new Map<number, StateChange>(uids.map((uid) => [uid, uid % 2 ? {flags: step.flags} : {info: ':2,S', modseq: 98}]))
  const changed = (row: MessageRow) => (changes.has(row.uid) ? {...row, modseq: 99, ...changes.get(row.uid)} : row)
  return {snapshot: snapshot.change(inOrder(changes), 99), model: model.map(changed), uidNext}
}

function checkSame(snapshot: Snapshot, model: readonly MessageRow[], probes: readonly number[]): void {
  assert.is(snapshot.size, model.length)
  assert.equal([...snapshot.rows()], model)
  const visited: string[] = []
  snapshot.forEach((uid, base, info) => {
    visited.push(`${uid} ${base}${info}`)
  })
  assert.equal(
    visited,
    model.map(({uid, base, info}) => `${uid} ${base}${info}`),
  )
  for (const probe of probes) {
    const first = model.findIndex(({uid}) => uid >= probe)
    assert.is(snapshot.firstFrom(probe), first < 0 ? model.length : first)
    assert.is(
      snapshot.indexOf(probe),
      model.findIndex(({uid}) => uid === probe),
    )
    const index = probe % Math.max(1, model.length)
    const row = model[index]
    if (!row) continue
    assert.equal(snapshot.row(index), row)
    assert.equal(
      [snapshot.uidAt(index), snapshot.baseAt(index), snapshot.infoAt(index), snapshot.nameAt(index)],
      [row.uid, row.base, row.info, row.base + row.info],
    )
    assert.equal([snapshot.flagsAt(index), snapshot.keywordSetAt(index), snapshot.modseqAt(index)], [row.flags, row.keywordSet, row.modseq])
  }
  const places = new Map(model.map(({uid}, index) => [uid, index]))
  const runs = [model.slice(0, 3000), model.slice(700, 1500), model.slice(-5)].map((rows) => rows.map(({uid}) => uid))
  const backwards = model.slice(0, 3).map(({uid}) => uid)
  for (const asked of [...runs, backwards.reverse(), ...[probes, ...runs].map((uids) => [...uids, 0, -1])] as Uid[][]) {
    const rows = asked.map((uid) => places.get(uid) ?? -1)
    assert.equal([...snapshot.indexesOf(asked)], rows)
    const flagged = rows.flatMap((index) => model[index] ?? []).filter(({flags}) => (flags & 5) === 5)
    const files = snapshot.filesOf(asked, 5)
    assert.equal(
      files.uids,
      [...files.uids].sort((a, b) => a - b),
    )
    assert.equal(
      files.uids.map((uid, at) => `${uid} ${files.names[at]}`).sort(),
      flagged.map(({uid, base, info}) => `${uid} ${base}${info}`).sort(),
    )
    assert.equal(snapshot.basesOf(asked).sort(), rows.flatMap((index) => model[index]?.base ?? []).sort())
  }
  assert.equal(
    snapshot.uidsWith(9),
    model.filter(({flags}) => (flags & 9) === 9).map(({uid}) => uid),
  )
  assert.is(snapshot.countWithout(8), model.filter(({flags}) => (flags & 8) === 0).length)
  assert.is(
    snapshot.firstWithout(8),
    model.findIndex(({flags}) => (flags & 8) === 0),
  )
  let next = 1
  for (const stretch of snapshot.stretches()) {
    assert.is(stretch.first, next)
    next += stretch.size
    checkStretch(stretch, model.slice(stretch.first - 1, next - 1))
  }
  assert.is(next, model.length + 1)
  for (const index of [-1, model.length]) assert.throws(() => snapshot.row(index))
}

function checkStretch(stretch: Stretch, messages: readonly MessageRow[]): void {
  assert.is(stretch.size, messages.length)
  assert.equal(
    [...stretch.flags],
    messages.map(({flags}) => flags),
  )
  for (const flag of [8, 1, 8]) assert.is(stretch.countWithout(flag), messages.filter(({flags}) => (flags & flag) === 0).length)
}

/** What has become of `before`, told by two arrays. */
function checkDifference(now: {snapshot: Snapshot; model: readonly MessageRow[]}, before: typeof now): void {
  const {gone, added, changed} = now.snapshot.since(before.snapshot)
  const old = new Map(before.model.map((row) => [row.uid, row]))
  const uids = new Set(now.model.map(({uid}) => uid))
  assert.equal(
    gone,
    before.model.map(({uid}) => uid).filter((uid) => !uids.has(uid)),
  )
  const came = now.model.filter(({uid}) => !old.has(uid))
  assert.equal(added, {uids: came.map(({uid}) => uid), bases: came.map(({base}) => base)})
  const isOther = ({uid, info, modseq}: MessageRow) => old.get(uid)?.info !== info || old.get(uid)?.modseq !== modseq
  const groups = new Map<string, {info: string; keywordSet: number; modseq: number; uids: number[]}>()
  for (const {uid, info, keywordSet, modseq} of now.model.filter(isOther)) {
    const group = groups.get(`${info} ${keywordSet} ${modseq}`) ?? {info, keywordSet, modseq, uids: []}
    groups.set(`${info} ${keywordSet} ${modseq}`, group)
    group.uids.push(uid)
  }
  assert.equal(changed, [...groups.values()])
  const rows = new Map(now.model.map((row) => [row.uid, row]))
  const stretches = now.snapshot.stretchesOf(before.snapshot)
  for (const stretch of stretches) {
    const listed = before.model.slice(stretch.first - 1, stretch.first - 1 + stretch.size)
    checkStretch(
      stretch,
      listed.flatMap(({uid}) => rows.get(uid) ?? []),
    )
  }
  if (gone.length === 0) assert.is(stretches.length, before.snapshot.stretches().length)
}

snapshots('any changes give what an array would hold, and change no snapshot before', () => {
  fc.assert(
    fc.property(fc.array(change, {maxLength: 12}), fc.array(fc.nat(6000), {minLength: 5, maxLength: 20}), (steps, probes) => {
      let now: {snapshot: Snapshot; model: MessageRow[]; uidNext: number} = {snapshot: Snapshot.empty, model: [], uidNext: 1}
      const before: (typeof now)[] = []
      for (const step of steps) {
        before.push(now)
        now = apply(now, step)
      }
      for (const {snapshot, model} of [...before, now]) checkSame(snapshot, model, probes)
      for (const each of before) checkDifference(now, each)
    }),
    {numRuns: isLong ? 1000 : 60},
  )
})

snapshots.run()
