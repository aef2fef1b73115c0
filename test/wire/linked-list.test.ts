import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {LinkedList, type Place} from '../../src/support/linked-list.js'
import {suite} from '../support/suite.js'

const linkedList = suite('Linked list')

linkedList('lists its members in the order in which they came, whoever leaves', () => {
  const steps = fc.array(fc.record({leaves: fc.boolean(), at: fc.nat(20)}), {maxLength: 60})
  fc.assert(
    fc.property(steps, (wanted) => {
      const list = new LinkedList<number>()
      const members: {readonly number: number; readonly place: Place}[] = []
      for (const [number, {leaves, at}] of wanted.entries()) {
        if (!leaves) members.push({number, place: list.add(number)})
        else if (at === 0) assert.is(list.shift(), members.shift()?.number)
        else for (const {place} of members.splice(at - 1, 1)) assert.is(place.leave(), true)
        assert.equal(
          [...list],
          members.map((each) => each.number),
        )
        assert.is(list.size, members.length)
        assert.is(list.first, members[0]?.number)
      }
    }),
  )
})

linkedList('lets nobody leave twice', () => {
  const list = new LinkedList<string>()
  const place = list.add('a')
  list.add('b')
  assert.is(list.shift(), 'a')
  assert.is(place.leave(), false)
  assert.equal([...list], ['b'])
})

linkedList('takes the same member twice', () => {
  const list = new LinkedList<string>()
  const first = list.add('a')
  list.add('a')
  first.leave()
  assert.equal([...list], ['a'])
})

linkedList.run()
