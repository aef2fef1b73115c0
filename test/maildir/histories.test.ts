/**
 * The store beside other programs: thousands of histories on a simulated file system (`design.md` §3). And the
 * histories put to the test: whatever protects messages, without it some history goes wrong.
 */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type {FileFacts, NewFile} from '../../src/maildir/files.js'
import {type HistoryPlan, happen, type Sabotage, SESSION_DEEDS} from '../support/history.js'
import {isLong} from '../support/is-long.js'
import {FOLDER, INTRUSION_ACTS, type Manners} from '../support/other-programs.js'
import {SimulatedFiles} from '../support/simulated-files.js'
import {suite} from '../support/suite.js'

const RUNS = isLong ? 2_000 : 60
const SABOTAGE_RUNS = 2_000
/** The short form is the same each time: one form with the index, one without. */
const SEED = process.env.COURIER_INDEX === 'off' ? 2 : 1

const histories = suite('Histories', {limitMs: isLong ? 900_000 : 60_000})

function plans(manners: Manners, stepMs: number): fc.Arbitrary<HistoryPlan> {
  const pick = fc.nat(999)
  const deeds = fc.array(fc.record({deed: fc.constantFrom(...SESSION_DEEDS), pick}), {maxLength: 10, size: 'max'})
  return fc.record({
    seed: fc.nat(),
    manners: fc.constant(manners),
    messages: fc.integer({min: 0, max: 9}),
    stepMs: fc.constant(stepMs),
    intrusions: fc.array(fc.record({gap: fc.nat(12), act: fc.constantFrom(...INTRUSION_ACTS), pick}), {maxLength: 80, size: 'max'}),
    sessions: fc.tuple(deeds, deeds, deeds),
  })
}

/** Few messages, and somebody who does nothing but rename them. */
const HECTIC: fc.Arbitrary<HistoryPlan> = plans('rude', 10).chain((plan) =>
  fc
    .array(fc.record({gap: fc.nat(2), act: fc.constantFrom('odd-flags', 'flags'), pick: fc.nat(999)}), {maxLength: 400, size: 'max'})
    .map((intrusions) => ({...plan, messages: 1 + (plan.messages % 2), intrusions})),
)

/** Nothing but flags of ours, and Courier that reads the folder once it has been opened. */
const READ_BY_COURIER: fc.Arbitrary<HistoryPlan> = plans('polite', 10).map((plan) => ({
  ...plan,
  intrusions: plan.intrusions.map(({gap, pick}, place) => ({gap: place === 0 ? 300 : gap, pick, act: 'courier'})),
  sessions: plan.sessions.map((deeds) => deeds.map((deed) => ({...deed, deed: 'flag'}))),
}))

for (const manners of ['polite', 'rude', 'wild'] as const) {
  for (const stepMs of [10, 1000]) {
    histories(`${manners} programs, time stamps in steps of ${stepMs} ms: no message is lost, doubled or renumbered`, async () => {
      await fc.assert(
        fc.asyncProperty(plans(manners, stepMs), (plan) => happen(plan)),
        {numRuns: RUNS, includeErrorInReport: true, ...(isLong ? {} : {seed: SEED})},
      )
    })
  }
}

histories('a message that is renamed all the time is not lost', async () => {
  await fc.assert(
    fc.asyncProperty(HECTIC, (plan) => happen(plan)),
    {numRuns: RUNS, includeErrorInReport: true, ...(isLong ? {} : {seed: SEED})},
  )
})

histories('keywords change too, and all processes know the same ones', async () => {
  await fc.assert(
    fc.asyncProperty(plans('polite', 1000), (plan) => happen({...plan, keywords: true})),
    {numRuns: RUNS / 2, includeErrorInReport: true, ...(isLong ? {} : {seed: SEED})},
  )
})

/** Facts that say nothing has changed. */
function frozen(facts: FileFacts | undefined): FileFacts | undefined {
  return facts && {...facts, mtimeNs: 1n, ctimeNs: 1n, size: 1}
}

/** The directory seems never to change. */
class FrozenDirectory extends SimulatedFiles {
  override stat(path: string): FileFacts | undefined {
    const facts = super.stat(path)
    return path === `${FOLDER}/cur` ? frozen(facts) : facts
  }
}

/** The UID database seems never to change. */
class FrozenDatabase extends SimulatedFiles {
  override stat(path: string): FileFacts | undefined {
    const facts = super.stat(path)
    return path === `${FOLDER}/courierimapuiddb` && facts ? {...facts, inode: 1n, mtimeNs: 1n, ctimeNs: 1n, size: 1} : facts
  }
}

/** A removal of what is not there under this name seems to succeed. */
class SilentUnlink extends SimulatedFiles {
  override async unlink(path: string): Promise<boolean> {
    await super.unlink(path)
    return true
  }
}

/** A listing may leave out what nobody touches. */
class Forgetful extends SimulatedFiles {
  override async list(path: string): Promise<string[]> {
    const names = await super.list(path)
    return path.endsWith('/cur') ? names.slice(names.length > 2 ? 1 : 0) : names
  }
}

/** Two lines of a database change places: each UID is given to another message. */
class Swapping extends SimulatedFiles {
  override async begin(path: string, options: {readonly mode: number}): Promise<NewFile> {
    const file = await super.begin(path, options)
    if (!path.includes('imapuid')) return file
    const written: Buffer[] = []
    return {
      facts: () => file.facts(),
      abort: () => file.abort(),
      write: async (chunk) => void written.push(chunk),
      finish: async (how) => {
        await file.write(swapped(Buffer.concat(written)))
        return file.finish(how)
      },
    }
  }
}

function swapped(database: Buffer): Buffer {
  const [header = '', first = '', second = '', ...rest] = database.toString('latin1').split('\n')
  if (second === '') return database
  const uids = [first, second].map((line) => line.split(' '))
  return Buffer.from([header, `${uids[0]?.[0]} ${uids[1]?.[1]}`, `${uids[1]?.[0]} ${uids[0]?.[1]}`, ...rest].join('\n'), 'latin1')
}

const clockThatStaysBehind = performance.timeOrigin

for (const [what, plan, sabotage, complaint] of [
  ['folders are read and written without the lock', plans('polite', 10), {env: {useLocks: false}}, 'names two files'],
  ['flags change without the lock', READ_BY_COURIER, {env: {useLocks: false}}, /changed its UID|Courier forgot UIDs/],
  ['three scans in a row may miss a file, one more than is waited for', HECTIC, {missesInARow: 3}, /gone|changed its UID/],
  [
    'time stamps move in steps longer than the time after which they are trusted',
    plans('rude', 100),
    {},
    /gone|changed its UID|the view is not|flags of/,
  ],
  [
    'a clock does not follow that of the file system',
    plans('rude', 10),
    {env: {nowMs: () => clockThatStaysBehind * 2}},
    /gone|changed its UID|the view is not|flags of/,
  ],
  ['the directory seems not to change while it is read', plans('rude', 10), {files: FrozenDirectory}, /flags of|changed its UID/],
  [
    'another process writes the UID database and it seems the same',
    plans('rude', 10),
    {files: FrozenDatabase},
    /names two files|changed its UID/,
  ],
  ['a removal that failed is believed', plans('rude', 10), {files: SilentUnlink}, 'was said to be gone'],
  ['the kernel leaves out files that nobody touches', plans('rude', 10), {files: Forgetful}, /was said to be gone|changed its UID/],
  ['UIDs are written for other messages than those that were told', plans('rude', 10), {files: Swapping}, 'names two files'],
] as const satisfies readonly (readonly [string, fc.Arbitrary<HistoryPlan>, Sabotage, string | RegExp])[]) {
  histories(`the simulation notices when ${what}`, async () => {
    const result = await fc.check(
      fc.asyncProperty(plan, (history) => happen(history, sabotage)),
      {numRuns: SABOTAGE_RUNS, seed: 1, endOnFailure: true},
    )
    assert.ok(result.failed, 'no history went wrong')
    assert.match(String(result.errorInstance), complaint)
  })
}

histories.run()
