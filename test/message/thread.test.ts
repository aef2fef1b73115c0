import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {baseSubject} from '../../src/message/base-subject.js'
import {messageIdOf, messageIds, referencesOf} from '../../src/message/message-ids.js'
import {formatThreads, type Thread, type ThreadMessage, threadOrderedSubject} from '../../src/message/thread.js'
import {threadReferences} from '../../src/message/thread-references.js'
import {isLong} from '../support/is-long.js'
import {suite} from '../support/suite.js'
import {naiveReferences} from './naive-references.js'

const threads = suite('Base subject and THREAD')

for (const [subject, base, isReply] of [
  ['Budget', 'BUDGET', false],
  ['Re: budget', 'BUDGET', true],
  ['Re: [list] Budget (fwd)', 'BUDGET', true],
  ['[list] Re: [other] Fwd: x  y ', 'X Y', true],
  ['Fwd: Lunch', 'LUNCH', true],
  ['FW: fw: FWD: a', 'A', true],
  ['Re [2]: a', 'A', true],
  ['re \t [x] : a', 'A', true],
  ['[fwd: [Re: inner] (fwd)]', '[RE: INNER]', true],
  ['[Fwd: Re: inner]', 'INNER', true],
  ['[a] [b]', '[B]', false],
  ['[a]', '[A]', false],
  ['[a] text', 'TEXT', false],
  ['[open text', '[OPEN TEXT', false],
  ['Report: x', 'REPORT: X', false],
  ['Re:', '', true],
  ['(fwd)', '', true],
  ['', '', false],
  ['=?utf-8?Q?Re=3A_caf=C3=A9?=', 'CAFÉ', true],
  ['Re: =?utf-8?Q?caf=C3=A9?=', 'CAFÉ', true],
] as const) {
  threads(`base subject of "${subject}" is "${base}"`, () => assert.equal(baseSubject(subject), {base, isReply}))
}

for (const piece of ['[a]', '[fwd:', 're:', 're [x]', '(fwd)', ' ', '[', 're ', '[fwd:]', '[a]re']) {
  threads(`a subject of many "${piece}" comes to an end`, () => {
    assert.type(baseSubject(piece.repeat(100_000)).base, 'string')
    assert.type(baseSubject(`${piece.repeat(100_000)}${']'.repeat(100_000)}`).base, 'string')
  })
}

threads('ids are taken from between angle brackets', () => {
  assert.equal(messageIds('<a@b> junk <"c"@d>\n <e @\tf> <none> <open@x <g@h>'), ['a@b', 'c@d', 'e@f', 'g@h'])
  assert.equal([messageIdOf('<a@b>'), messageIdOf('<a@b> <c@d>'), messageIdOf(undefined)], ['a@b', undefined, undefined])
  assert.equal(referencesOf('<a@b> <c@d>', '<e@f>'), ['a@b', 'c@d'])
  assert.equal(referencesOf('none', 'your mail of today <e@f> <g@h>'), ['e@f'])
})

function message(number: number, fields: Partial<ThreadMessage> & {title?: string; hour?: number}): ThreadMessage {
  const {base, isReply} = baseSubject(fields.title ?? '')
  return {number, subject: base, isReply, sentEpoch: (fields.hour ?? 0) * 3600, messageId: `m${number}`, references: [], ...fields}
}

const EXAMPLE = [
  message(1, {title: 'Budget', hour: 34}),
  message(2, {title: 'Re: budget', hour: 36, references: ['m1']}),
  message(3, {title: 'Re: [list] Budget (fwd)', hour: 35, references: ['m1']}),
  message(4, {title: 'Lunch', hour: 10, references: ['gone']}),
  message(5, {title: 'other', hour: 37, references: ['gone']}),
  message(6, {title: 'Fwd: Lunch', hour: 38}),
  message(7, {title: 'nodate', messageId: undefined}),
  message(8, {title: 'Re: budget', hour: 39, references: ['m2']}),
]

threads('the example of the specification: ORDEREDSUBJECT in the form of the RFC', () => {
  assert.is(formatThreads(threadOrderedSubject(EXAMPLE)), '(7)(4 6)(1 (3)(2)(8))(5)')
})

threads('the example of the specification: REFERENCES, but with 7 first, whose date is the arrival', () => {
  assert.is(formatThreads(threadReferences(EXAMPLE)), '(7)((4)(5)(6))(1 (3)(2 8))')
  const arrivedLast = EXAMPLE.map((each) => (each.number === 7 ? {...each, sentEpoch: 1e6} : each))
  assert.is(formatThreads(threadReferences(arrivedLast)), '((4)(5)(6))(1 (3)(2 8))(7)')
})

threads('nothing makes no threads', () => {
  assert.is(formatThreads(threadReferences([])), '')
  assert.is(formatThreads(threadOrderedSubject([])), '')
})

for (const [title, messages, expected] of [
  ['a reply before its parent', [message(1, {references: ['m2'], hour: 2}), message(2, {hour: 1})], '(2 1)'],
  ['a loop', [message(1, {references: ['m2']}), message(2, {references: ['m1']})], '(2 1)'],
  ['a reference to itself', [message(1, {references: ['m1']})], '(1)'],
  ['doubled ids', [message(1, {messageId: 'x'}), message(2, {messageId: 'x'}), message(3, {references: ['x']})], '(1 3)(2)'],
  ['missing messages in between', [message(1, {}), message(2, {references: ['m1', 'gone', 'lost']})], '(1 2)'],
  ['a missing root with one child', [message(1, {references: ['gone']})], '(1)'],
  ['a missing root with two children', [message(1, {references: ['gone']}), message(2, {references: ['gone']})], '((1)(2))'],
  ['a truncated References field', [message(1, {}), message(3, {references: ['m1', 'm2']}), message(2, {references: ['m1']})], '(1 2 3)'],
  ['replies without references', [message(1, {title: 'a'}), message(2, {title: 'Re: a'}), message(3, {title: 're: A'})], '(1 (2)(3))'],
  ['two threads of one subject', [message(1, {title: 'a'}), message(2, {title: 'a'})], '((1)(2))'],
  ['empty subjects stay apart', [message(1, {}), message(2, {})], '(1)(2)'],
] as const) {
  threads(`REFERENCES: ${title}`, () => assert.is(formatThreads(threadReferences(messages)), expected))
}

const anyMessages: fc.Arbitrary<ThreadMessage[]> = fc
  .array(
    fc.record({
      title: fc.constantFrom('a', 'Re: a', 'b', 'Fwd: b', '', 'c', 'Re: c'),
      hour: fc.nat(4),
      id: fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5', 'm6', undefined),
      references: fc.array(fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'g1', 'g2', 'g3'), {maxLength: 4}),
    }),
    {maxLength: 10},
  )
  .map((list) => list.map(({title, hour, id, references}, i) => message(i + 1, {title, hour, messageId: id, references})))

function numbersOf(list: readonly Thread[]): number[] {
  return list.flatMap(({number, children}) => [...(number === undefined ? [] : [number]), ...numbersOf(children)])
}

threads('REFERENCES is what the steps of the RFC give, done one by one', () => {
  fc.assert(
    fc.property(anyMessages, (messages) => {
      assert.is(formatThreads(threadReferences(messages)), formatThreads(naiveReferences(messages)))
    }),
    {numRuns: isLong ? 100_000 : 5_000},
  )
})

threads('every message is in one thread, dummies are at the top with two children at least', () => {
  fc.assert(
    fc.property(anyMessages, (messages) => {
      const all = messages.map(({number}) => number)
      const found = threadReferences(messages)
      assert.equal(
        numbersOf(found).sort((a, b) => a - b),
        all,
      )
      for (const {number, children} of found) assert.ok(number !== undefined || children.length > 1)
      assert.equal(
        numbersOf(threadOrderedSubject(messages)).sort((a, b) => a - b),
        all,
      )
    }),
  )
})

threads('a chain as long as the mailbox, in order, backwards and shuffled', () => {
  const count = 100_000
  const chain = Array.from({length: count}, (_, i) => message(i + 1, {hour: i, references: i > 0 ? [`m${i}`] : []}))
  const straight = `(${chain.map(({number}) => number).join(' ')})`
  assert.is(formatThreads(threadReferences(chain)), straight)
  const backwards = chain.map((each, i) => ({...each, number: count - i}))
  assert.is(formatThreads(threadReferences(backwards)).split(' ').length, count)
  const shuffled = chain.map((each, i) => ({...each, number: ((i * 7919) % count) + 1}))
  assert.is(formatThreads(threadReferences(shuffled)).match(/\d+/g)?.length, count)
})

threads.run()
