import * as assert from 'uvu/assert'
import {Backoff} from '../../../src/auth/modules/backoff.js'
import {ConnectionPool} from '../../../src/auth/modules/connection-pool.js'
import {Fault} from '../../../src/support/fault.js'
import {suite} from '../../support/suite.js'

const pool = suite('Connection pool')

class Connection {
  usable = true
  closed = false
  async close() {
    this.usable = false
    this.closed = true
  }
}

function made({limit = 2, waitMs = 200, fails = () => false}: {limit?: number; waitMs?: number; fails?: () => boolean} = {}) {
  const all: Connection[] = []
  let tries = 0
  const connections = new ConnectionPool<Connection>({
    what: 'The server',
    limit,
    waitMs,
    now: () => performance.now(),
    async connect() {
      tries += 1
      if (fails()) throw new Error('connect ECONNREFUSED')
      const connection = new Connection()
      all.push(connection)
      return connection
    },
  })
  return {connections, all, tries: () => tries}
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.name,
  )

pool('requests share connections, never more than the limit', async () => {
  const {connections, all} = made()
  let running = 0
  let most = 0
  await Promise.all(
    Array.from({length: 20}, () =>
      connections.use(async () => {
        running += 1
        most = Math.max(most, running)
        await pause(1)
        running -= 1
      }),
    ),
  )
  assert.is(most, 2)
  assert.is(all.length, 2)
  await connections.close()
  assert.ok(all.every(({closed}) => closed))
})

pool('a request on a connection that broke unnoticed is repeated once on a new one', async () => {
  const {connections, all} = made()
  await Promise.all([connections.use(() => pause(5)), connections.use(() => pause(5))])
  const work = async (connection: Connection) => {
    if (all.indexOf(connection) < 2) {
      connection.usable = false
      throw new Error('ECONNRESET')
    }
    return 'done'
  }
  assert.is(await connections.use(work), 'done')
  assert.is(all.length, 3)
  await connections.close()
})

pool("an error of a good connection, a new one's end and a Fault are not repeated", async () => {
  const {connections, all} = made()
  assert.is(await nameOf(connections.use(async () => Promise.reject(new RangeError('syntax')))), 'RangeError')
  assert.is(all.length, 1)
  const breaks = async (connection: Connection) => {
    connection.usable = false
    throw new Fault('unavailable', 'late')
  }
  assert.is(await nameOf(connections.use(breaks)), 'Fault')
  assert.is(all.length, 1)
  const ends = async (connection: Connection) => {
    connection.usable = false
    throw new RangeError('ended')
  }
  assert.is(await nameOf(connections.use(ends)), 'RangeError')
  assert.is(all.length, 2)
  await connections.close()
})

pool('a server that is down is left alone for a while, and found again', async () => {
  let isDown = true
  const {connections, tries} = made({fails: () => isDown})
  for (let index = 0; index < 50; index += 1) assert.is(await nameOf(connections.use(async () => 1)), 'Fault')
  assert.ok(tries() < 5, `${tries()} tries`)
  isDown = false
  await pause(250)
  assert.is(await connections.use(async () => 1), 1)
  await connections.close()
})

pool('all who wait when the server goes down are told at once', async () => {
  let isDown = false
  const {connections} = made({limit: 1, waitMs: 5_000, fails: () => isDown})
  const busy = connections.use(async (connection) => {
    await pause(20)
    isDown = true
    connection.usable = false
  })
  const waiting = Array.from({length: 20}, () => nameOf(connections.use(async () => 1)))
  const began = performance.now()
  await busy
  assert.equal(new Set(await Promise.all(waiting)), new Set(['Fault']))
  assert.ok(performance.now() - began < 1_000)
  await connections.close()
})

pool('who waits too long, waits when it closes, or comes after that, is told', async () => {
  const {connections} = made({limit: 1, waitMs: 50})
  let finish = () => {}
  const busy = connections.use(() => new Promise<void>((resolve) => (finish = resolve)))
  assert.is(await nameOf(connections.use(async () => 1)), 'Fault')
  const waiting = nameOf(connections.use(async () => 1))
  await connections.close()
  assert.is(await waiting, 'Fault')
  assert.is(await nameOf(connections.use(async () => 1)), 'Fault')
  finish()
  await busy
})

pool('pauses double up to two seconds', () => {
  let now = 0
  const backoff = new Backoff(() => now)
  const pauses = Array.from({length: 7}, () => {
    backoff.failed('down')
    const start = now
    while (backoff.blocked !== undefined) now += 1
    return now - start
  })
  assert.equal(pauses, [100, 200, 400, 800, 1600, 2000, 2000])
  backoff.succeeded()
  backoff.failed('down')
  assert.is(backoff.blocked, 'down')
})

pool.run()
