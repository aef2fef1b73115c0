import * as assert from 'uvu/assert'
import {StopSignal} from '../../src/wire/stop-signal.js'
import {suite} from '../support/suite.js'

const stopSignal = suite('Stop signal')

stopSignal('is told once to all who listen, and not to those who have left', () => {
  const signal = new StopSignal()
  const told: string[] = []
  const gone = () => void told.push('gone')
  signal.add(() => void told.push('first'))
  signal.add(gone)
  signal.add(() => void told.push('second'))
  signal.remove(gone)
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
  const second = () => void told.push(2)
  signal.add(() => {
    told.push(1)
    signal.remove(second)
  })
  signal.add(second)
  signal.stop()
  assert.equal(told, [1])
})

stopSignal.run()
