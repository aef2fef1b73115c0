import * as assert from 'uvu/assert'
import {MemoryReturn} from '../../src/services/memory-return.js'
import {giveBackFreed} from '../../src/support/freed-memory.js'
import {suite} from '../support/suite.js'

const memory = suite('Memory that is given back')

const MIB = 1024 * 1024

/** A process whose memory and work the test sets. */
function process({kept}: {readonly kept: number}) {
  const state = {residentMib: 100, workload: 0, times: 0}
  const memoryReturn = new MemoryReturn({
    residentOctets: () => state.residentMib * MIB,
    workload: () => state.workload,
    async giveBack() {
      state.times += 1
      state.residentMib = Math.min(state.residentMib, kept)
    },
    everyMs: 1_000_000,
  })
  return {state, memoryReturn}
}

memory('once, when the work is over', async () => {
  const {state, memoryReturn} = process({kept: 101})
  await memoryReturn.look()
  Object.assign(state, {residentMib: 130, workload: 0.8})
  await memoryReturn.look()
  assert.is(state.times, 0)
  state.workload = 0.01
  await memoryReturn.look()
  await memoryReturn.look()
  assert.is(state.times, 1)
  state.residentMib = 125
  await memoryReturn.look()
  assert.is(state.times, 2)
  memoryReturn.stop()
})

memory('not again and again when it is in use', async () => {
  const {state, memoryReturn} = process({kept: 500})
  await memoryReturn.look()
  state.residentMib = 300
  for (let count = 0; count < 5; count += 1) await memoryReturn.look()
  assert.is(state.times, 1)
  memoryReturn.stop()
})

memory('a process that was small once more is measured by that', async () => {
  const {state, memoryReturn} = process({kept: 101})
  for (const residentMib of [100, 60, 67, 69]) {
    state.residentMib = residentMib
    await memoryReturn.look()
  }
  assert.is(state.times, 1)
  memoryReturn.stop()
})

memory('it works here, and may be asked for at any time', async () => {
  await Promise.all([giveBackFreed(), giveBackFreed()])
})

memory.run()
