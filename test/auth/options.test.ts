import {randomBytes} from 'node:crypto'
import * as assert from 'uvu/assert'
import {completeName} from '../../src/auth/complete-name.js'
import {mergeOptions, optionIsOn, parseOptions} from '../../src/auth/options.js'
import {TicketBook} from '../../src/auth/tickets.js'
import {suite} from '../support/suite.js'

const options = suite('Account options')

for (const [account, defaults, merged] of [
  ['', '', ''],
  ['sharedgroup=north', 'disableimap=1,sharedgroup=south', 'sharedgroup=north,disableimap=1'],
  ['', 'disableimap=1,sharedgroup=south', 'disableimap=1,sharedgroup=south'],
  ['sharedgroup=north', 'group=a,group=b', 'sharedgroup=north,group=a'],
  ['', 'group=a,group=b', 'group=a,group=b'],
  ['sharedgroup=north', ',a,,b=1,', 'sharedgroup=north,a,b=1'],
  ['', ',a,,b=1,', ',a,,b=1,'],
] as const) {
  options(`"${account}" with the defaults "${defaults}" is "${merged}"`, () => assert.is(mergeOptions(account, defaults), merged))
}

options('the first value of a name counts, groups are collected', () => {
  assert.equal(Object.fromEntries(parseOptions(',a=1,a=2,bare,x=,group=p,group=q,y=1=2')), {
    a: '1',
    bare: '',
    x: '',
    group: 'p,q',
    y: '1=2',
  })
})

for (const [text, on] of [
  ['a', true],
  ['a=', true],
  ['a=1', true],
  ['a=-1', true],
  ['a=yes', true],
  ['a=True', true],
  ['a=0', false],
  ['a=no', false],
  ['a=off', false],
  ['b=1', false],
  ['', false],
] as const) {
  options(`a is ${on ? 'on' : 'off'} with "${text}"`, () => assert.is(optionIsOn(parseOptions(text), 'a'), on))
}

for (const [user, domain, separators, full] of [
  ['john', '@example.com', undefined, 'john@example.com'],
  ['john@here', '@example.com', undefined, 'john@here'],
  ['john%here', '@example.com', '@%', 'john%here'],
  ['john@here', '@example.com', '', 'john@here@example.com'],
  ['john', '', undefined, 'john'],
] as const) {
  options(`${user} with "${domain}" and ${separators} is ${full}`, () => assert.is(completeName(user, {domain, separators}), full))
}

options('a ticket is good for ten seconds, once, and only as a whole', () => {
  let now = 0
  const account = {name: 'a', uid: 1, gid: 1, home: '/', maildir: '/m', quota: undefined, fullName: undefined, options: new Map()}
  const book = new TicketBook({now: () => now, random: randomBytes})
  const [first, second, third] = [book.issue(account), book.issue(account), book.issue(account)]
  assert.is(book.redeem(first), account)
  assert.is(book.redeem(first), undefined)
  assert.is(book.redeem(second.slice(1)), undefined)
  now = 9_999
  assert.is(book.redeem(second), account)
  now = 10_000
  assert.is(book.redeem(third), undefined)
})

options.run()
