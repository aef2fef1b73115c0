import * as assert from 'uvu/assert'
import {orderOf} from '../../src/imap/search/order.js'
import type {Ranks} from '../../src/imap/search/sort-columns.js'
import {Pace} from '../../src/support/pace.js'
import {randomNumbers} from '../support/other-programs.js'
import {suite} from '../support/suite.js'

const order = suite('Order of messages by ranks')

function ranks(count: number, different: number, random: (limit: number) => number): Ranks {
  return {ranks: Uint32Array.from({length: count}, () => random(different)), count: different}
}

for (const [title, count, differences] of [
  ['no message', 0, [3]],
  ['few ranks', 1000, [3, 2]],
  ['many messages', 100_000, [50, 70_000]],
  ['many criteria', 70_000, [70_000, 70_000, 65_536, 70_000]],
] as const) {
  order(`${title}: as a stable comparison, criterion by criterion, sorts`, async () => {
    const random = randomNumbers(count + 1)
    const criteria = differences.map((different) => ranks(count, different, random))
    const expected = Array.from({length: count}, (_, place) => place).sort((a, b) => {
      for (const {ranks: each} of criteria) if (each[a] !== each[b]) return (each[a] ?? 0) - (each[b] ?? 0)
      return a - b
    })
    assert.equal([...(await orderOf(criteria, count, new Pace()))], expected)
  })
}

order.run()
