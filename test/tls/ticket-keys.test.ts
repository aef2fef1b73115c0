import * as assert from 'uvu/assert'
import {TicketKeys} from '../../src/tls/ticket-keys.js'
import {suite} from '../support/suite.js'

const tickets = suite('Keys of session tickets')

tickets('they are 48 octets, the same for a day, others after it', () => {
  let [now, made] = [0, 0]
  const keys = new TicketKeys({random: (octets) => Buffer.alloc(octets, ++made), now: () => now})
  const first = keys.current
  assert.is(Buffer.from(first, 'base64').length, 48)
  now = 24 * 60 * 60 * 1000 - 1
  assert.is(keys.current, first)
  now += 1
  const second = keys.current
  assert.is.not(second, first)
  now += 1000
  assert.is(keys.current, second)
})

tickets.run()
