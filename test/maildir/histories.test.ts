/** The store beside other programs: thousands of histories on a simulated file system (`design.md` §3). */
import fc from 'fast-check'
import {type HistoryPlan, happen, SESSION_DEEDS} from '../support/history.js'
import {INTRUSION_ACTS, type Manners} from '../support/other-programs.js'
import {isLong} from '../support/store.js'
import {suite} from '../support/suite.js'

const histories = suite('Histories', {limitMs: isLong ? 900_000 : 60_000})

const RUNS = Number(process.env.RUNS ?? (isLong ? 2_500 : 60))

function plans(manners: Manners, stepMs: number): fc.Arbitrary<HistoryPlan> {
  const pick = fc.nat(999)
  const deeds = fc.array(fc.record({deed: fc.constantFrom(...SESSION_DEEDS), pick}), {maxLength: 10})
  return fc.record({
    seed: fc.nat(),
    manners: fc.constant(manners),
    messages: fc.integer({min: 0, max: 9}),
    stepMs: fc.constant(stepMs),
    intrusions: fc.array(fc.record({gap: fc.nat(12), act: fc.constantFrom(...INTRUSION_ACTS), pick}), {maxLength: 80}),
    sessions: fc.tuple(deeds, deeds, deeds),
  })
}

for (const manners of ['polite', 'rude', 'wild'] as const) {
  for (const stepMs of [10, 1000]) {
    histories(`${manners} programs, time stamps in steps of ${stepMs} ms: no message is lost, doubled or renumbered`, async () => {
      await fc.assert(
        fc.asyncProperty(plans(manners, stepMs), (plan) => happen(plan)),
        {numRuns: RUNS, includeErrorInReport: true, ...(isLong ? {} : {seed: 1})},
      )
    })
  }
}

histories.run()
