import type {Socket} from 'node:net'
import {Duplex} from 'node:stream'
import type {TLSSocket} from 'node:tls'
import * as assert from 'uvu/assert'
import {Handshakes} from '../../src/net/handshakes.js'
import {suite} from '../support/suite.js'

const handshakes = suite('Handshakes')

/** A connection that has said something. */
function spoken(): Socket {
  const stream = new Duplex({read: () => undefined, write: (_chunk, _encoding, done) => done()})
  stream.push('x')
  stream.read(0)
  return stream as Socket
}

handshakes('a user of a quiet network waits for two turns at most, whatever waits from others', async () => {
  const queue = new Handshakes()
  const order: string[] = []
  const endings: (() => void)[] = []
  const begin = (network: string) =>
    queue.run({
      socket: spoken(),
      network,
      timeoutMs: 1_000,
      begin: () => {
        order.push(network)
        return new Promise<TLSSocket>((resolve) => endings.push(() => resolve({} as TLSSocket)))
      },
    })
  const floods = Array.from({length: 20}, (_, network) => `flood ${network}`)
  // Each of them has one in progress that does not end, and more that wait.
  const all = floods.map(begin)
  while (order.length < floods.length) await new Promise(setImmediate)
  for (const network of [...floods, ...floods]) all.push(begin(network))
  all.push(begin('user'))
  while (order.length < 3 * floods.length + 1) await new Promise(setImmediate)
  assert.ok(order.indexOf('user') <= floods.length + 3, order.join(', '))
  // The others have had their turns all the same.
  assert.is(order.filter((network) => network === 'flood 7').length, 3)
  for (const end of endings) end()
  await Promise.all(all)
  assert.is(queue.total, 0)
})

handshakes.run()
