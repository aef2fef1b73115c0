import * as assert from 'uvu/assert'
import {warmUp} from '../../src/maildir/warm-up.js'
import {suite} from '../support/suite.js'

const warming = suite('Warming up')

warming('opens mailboxes as a session does, and finds messages in each', async () => {
  assert.is(await warmUp(), 32)
})

warming('lets other work have its turn', async () => {
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  await warmUp()
  clearInterval(timer)
  assert.ok(turns >= 16, `others had ${turns} turns`)
})

warming.run()
