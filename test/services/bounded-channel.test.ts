/** What a child may send to its parent before a line ends. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import * as assert from 'uvu/assert'
import {boundChannel} from '../../src/services/processes/bounded-channel.js'
import {suite} from '../support/suite.js'

const bounded = suite('Limit of a channel', {limitMs: 20_000})

const MAX = 100_000

function child(program: string): ChildProcess {
  return spawn(process.execPath, ['-e', program], {stdio: ['ignore', 'inherit', 'inherit', 'ipc']})
}

bounded('messages below the limit arrive, however many', async () => {
  const made = child(`process.on('message', () => process.exit()); for (let n = 0; n < 50; n += 1) process.send('x'.repeat(${MAX - 10}))`)
  let [count, exceeded] = [0, 0]
  assert.ok(boundChannel(made, MAX, () => (exceeded += 1)))
  made.on('message', (text) => {
    if (String(text).length === MAX - 10) count += 1
    if (count === 50) made.send('enough')
  })
  await once(made, 'close')
  assert.equal([count, exceeded], [50, 0])
})

bounded('a line without an end is noticed once, and not gathered', async () => {
  const made = child(`const piece = Buffer.alloc(65536, 'x'), {writeSync} = require('node:fs')
    process.on('disconnect', () => process.exit())
    process.channel.ref()
    setInterval(() => { try { writeSync(3, piece) } catch {} }, 0)`)
  made.on('message', () => assert.unreachable('No message is whole'))
  let exceeded = 0
  const noticed = new Promise<void>((resolve) => {
    assert.ok(
      boundChannel(made, MAX, () => {
        exceeded += 1
        // More comes before it is ended.
        setTimeout(resolve, 200)
      }),
    )
  })
  await noticed
  assert.is(exceeded, 1)
  made.kill('SIGKILL')
  await once(made, 'close')
})

bounded.run()
