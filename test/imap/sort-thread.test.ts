import * as assert from 'uvu/assert'
import {sort} from '../../src/imap/verbs/sort.js'
import {thread} from '../../src/imap/verbs/thread.js'
import {BadSyntax} from '../../src/support/fault.js'
import {memoryView, message} from '../support/memory-view.js'
import {type RunOptions, runVerb} from '../support/run-verb.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP SORT and THREAD')

function mail(subject: string, date: string, rest: string): string {
  return `Subject: ${subject}\nDate: ${date} +0000\n${rest}\n\n`
}

/** Example 53 of `spec/imap.md` §28. */
const EXAMPLE = [
  mail('Budget', '1 Jan 2024 10:00:00', 'Message-ID: <m1@x>'),
  mail('Re: budget', '1 Jan 2024 12:00:00', 'Message-ID: <m2@x>\nReferences: <m1@x>'),
  mail('Re: [list] Budget (fwd)', '1 Jan 2024 11:00:00', 'Message-ID: <m3@x>\nReferences: <m1@x>'),
  mail('Lunch', '31 Dec 2023 10:00:00', 'Message-ID: <m4@x>\nReferences: <gone@x>'),
  mail('other', '1 Jan 2024 13:00:00', 'Message-ID: <m5@x>\nReferences: <gone@x>'),
  mail('Fwd: Lunch', '1 Jan 2024 14:00:00', 'Message-ID: <m6@x>'),
  'Subject: nodate\n\n',
  mail('Re: budget', '1 Jan 2024 15:00:00', 'Message-ID: <m8@x>\nIn-Reply-To: <m2@x>'),
].map((raw) => message(raw, {internalDateMs: Date.UTC(2020, 0, 1)}))

async function run(verb: typeof sort | typeof thread, args: string, options: RunOptions = {}, list = EXAMPLE): Promise<string> {
  const view = memoryView(list)
  const {output, reply} = verb === sort ? await runVerb(sort, view, args, options) : await runVerb(thread, view, args, options)
  assert.is(reply.text, verb === sort ? 'SORT done.' : 'THREAD done.')
  return output
}

for (const [args, expected] of [
  ['(DATE) UTF-8 ALL', '7 4 1 3 2 5 6 8'],
  ['(REVERSE DATE) UTF-8 ALL', '8 6 5 2 3 1 4 7'],
  ['(SUBJECT DATE) UTF-8 ALL', '1 3 2 8 4 6 7 5'],
  ['(SUBJECT REVERSE DATE) UTF-8 ALL', '8 2 3 1 6 4 7 5'],
  ['(ARRIVAL) UTF-8 ALL', '1 2 3 4 5 6 7 8'],
  ['(REVERSE ARRIVAL) US-ASCII ALL', '1 2 3 4 5 6 7 8'],
  ['(DATE DATE REVERSE DATE) UTF-8 SUBJECT budget', '1 3 2 8'],
  ['(DATE) UTF-8 NOT ALL', ''],
] as const) {
  test(`SORT ${args} gives ${expected || 'nothing'}`, async () => {
    assert.is(await run(sort, args), `* SORT${expected === '' ? '' : ' '}${expected}\r\n`)
  })
}

test('SORT by size and addresses', async () => {
  const list = [
    message('From: Zed <bob@a>\nTo: team: x@y;\n\nlong body text\n'),
    message('From: alice@z\nCc: B@x, a@x\n\n'),
    message('From: "Alice"@b\nTo: a@b\nCc: a@z\n\n\n\n'),
    message('\n'),
  ]
  assert.is(await run(sort, '(SIZE) UTF-8 ALL', {}, list), '* SORT 4 2 3 1\r\n')
  assert.is(await run(sort, '(FROM) UTF-8 ALL', {}, list), '* SORT 4 2 3 1\r\n')
  assert.is(await run(sort, '(CC) UTF-8 ALL', {}, list), '* SORT 1 4 3 2\r\n')
  assert.is(await run(sort, '(REVERSE TO) UTF-8 ALL', {}, list), '* SORT 1 3 2 4\r\n')
})

test('SORT takes the arrival where there is no date', async () => {
  const list = [
    message('Date: 2 Jan 2024 00:00:00 +0000\n\n'),
    message('Date: nonsense\n\n', {internalDateMs: Date.UTC(2024, 0, 3)}),
    message('Date: 2 Jan 2024 01:00:00 +0200\n\n'),
  ]
  assert.is(await run(sort, '(DATE) UTF-8 ALL', {}, list), '* SORT 3 1 2\r\n')
})

test('UID SORT gives UIDs', async () => {
  const list = [message('Subject: b\n\n', {uid: 10}), message('Subject: a\n\n', {uid: 20})]
  assert.is(await run(sort, '(SUBJECT) UTF-8 ALL', {uid: true}, list), '* SORT 20 10\r\n')
})

test('THREAD REFERENCES is as RFC 5256 says', async () => {
  // The example of the specification has message 7 last: without a date, Courier does not sort it. By RFC 5256 §2.2 it has the date of its arrival.
  assert.is(await run(thread, 'REFERENCES UTF-8 ALL'), '* THREAD (7)((4)(5)(6))(1 (3)(2 8))\r\n')
})

test('THREAD ORDEREDSUBJECT is as RFC 5256 says', async () => {
  assert.is(await run(thread, 'ORDEREDSUBJECT UTF-8 ALL'), '* THREAD (7)(4 6)(1 (3)(2)(8))(5)\r\n')
})

test('no thread is no thread', async () => {
  assert.is(await run(thread, 'REFERENCES UTF-8 NOT ALL'), '* THREAD\r\n')
})

test('UID THREAD gives UIDs', async () => {
  const list = [message('Message-ID: <a@x>\n\n', {uid: 10}), message('References: <a@x>\n\n', {uid: 20})]
  assert.is(await run(thread, 'references us-ascii ALL', {uid: true}, list), '* THREAD (10 20)\r\n')
})

test('a message that is gone is sorted and threaded all the same', async () => {
  const list = [message('Subject: x\nDate: 2 Jan 2024 01:00:00 +0200\n\n'), message('', {raw: undefined})]
  assert.is(await run(sort, '(DATE SUBJECT SIZE FROM) UTF-8 ALL', {}, list), '* SORT 2 1\r\n')
  assert.is(await run(thread, 'REFERENCES UTF-8 ALL', {}, list), '* THREAD (2)(1)\r\n')
})

test('a setting refuses both', async () => {
  const settings = {settings: {disableThreadSort: true}}
  for (const {reply} of [
    await runVerb(sort, memoryView(EXAMPLE), '(DATE) UTF-8 ALL', settings),
    await runVerb(thread, memoryView(EXAMPLE), 'REFERENCES UTF-8 ALL', settings),
  ]) {
    assert.is(reply.status, 'NO')
    assert.is(reply.text, 'This command is disabled by the system administrator.')
  }
})

test('charsets are checked', async () => {
  const unknown = (await runVerb(sort, memoryView(EXAMPLE), '(DATE) X-FOO ALL')).reply
  assert.is(unknown.status, 'NO')
  assert.match(unknown.code ?? '', /^BADCHARSET/)
  const utf8 = (await runVerb(thread, memoryView(EXAMPLE), 'REFERENCES US-ASCII ALL', {utf8: true})).reply
  assert.is(utf8.status, 'BAD')
  assert.is(utf8.code, 'BADCHARSET')
  assert.is(utf8.text, 'Only UTF-8 charset is valid after enabling RFC 6855 support')
  assert.is((await runVerb(thread, memoryView(EXAMPLE), 'REFERENCES utf-8 ALL', {utf8: true})).reply.status, 'OK')
})

for (const [verb, args] of [
  [sort, '() UTF-8 ALL'],
  [sort, '(DATE REVERSE) UTF-8 ALL'],
  [sort, '(REVERSE REVERSE DATE) UTF-8 ALL'],
  [sort, '(FOO) UTF-8 ALL'],
  [sort, 'DATE UTF-8 ALL'],
  [sort, '(DATE) UTF-8'],
  [sort, '(DATE) (ALL)'],
  [sort, '(DATE)'],
  [thread, 'FOO UTF-8 ALL'],
  [thread, 'REFERENCES UTF-8'],
  [thread, 'REFERENCES'],
  [thread, ''],
] as const) {
  test(`${verb.name} ${args} is BAD`, async () => {
    let thrown: unknown
    try {
      await (verb === sort ? runVerb(sort, memoryView(EXAMPLE), args) : runVerb(thread, memoryView(EXAMPLE), args))
    } catch (error) {
      thrown = error
    }
    assert.ok(thrown instanceof BadSyntax, String(thrown))
  })
}

test.run()
