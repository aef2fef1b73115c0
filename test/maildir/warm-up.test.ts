import * as assert from 'uvu/assert'
import {warmUp} from '../../src/maildir/warm-up.js'
import {suite} from '../support/suite.js'

const warming = suite('Warming up')

warming('opens mailboxes as a session does, and finds messages in each', async () => {
  assert.is(await warmUp(), 12)
})

warming('lets other work have its turn, and ends when it is told to', async () => {
  const ended = new AbortController()
  const opening = warmUp(ended.signal)
  setImmediate(() => ended.abort())
  const opened = await opening
  assert.ok(opened < 12, `${opened} were opened`)
})

warming.run()
