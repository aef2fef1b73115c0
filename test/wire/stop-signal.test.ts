import * as assert from 'uvu/assert'
import type {Place} from '../../src/support/linked-list.js'
import {StopSignal} from '../../src/wire/stop-signal.js'
import {suite} from '../support/suite.js'

const stopSignal = suite('Stop signal')

stopSignal('is told once to all who listen, and not to those who have left', () => {
  const signal = new StopSignal()
  const told: string[] = []
  signal.add(() => void told.push('first'))
  const gone = signal.add(() => void told.push('gone'))
  signal.add(() => void told.push('second'))
  gone.leave()
  assert.equal(told, [])
  signal.stop()
  signal.stop()
  assert.equal(told, ['first', 'second'])
})

stopSignal('is told at once to who comes after it', () => {
  const signal = new StopSignal()
  signal.stop()
  let told = 0
  signal.add(() => {
    told += 1
  })
  assert.is(told, 1)
})

stopSignal('lets listeners leave while they are told', () => {
  const signal = new StopSignal()
  const told: number[] = []
  let second: Place | undefined
  signal.add(() => {
    told.push(1)
    second?.leave()
  })
  second = signal.add(() => void told.push(2))
  signal.stop()
  assert.equal(told, [1])
})

stopSignal.run()
