import * as assert from 'uvu/assert'
import {fetch} from '../../src/imap/verbs/fetch.js'
import {FLAG} from '../../src/maildir/types.js'
import {parseFetches} from '../support/fetch-response.js'
import {memoryView, message} from '../support/memory-view.js'
import {type RunOptions, runVerb} from '../support/run-verb.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP FETCH')

async function output(raw: string | Buffer, args: string, options: RunOptions = {}): Promise<string> {
  return (await runVerb(fetch, memoryView([message(raw)]), args, options)).output
}

/** The one value of a FETCH of one item. */
async function value(raw: string, item: string, options: RunOptions = {}): Promise<unknown> {
  const [fetched] = parseFetches(await output(raw, `1 (${item})`, options), options)
  return [...(fetched?.items.values() ?? [])][0]
}

async function rejects(args: string): Promise<void> {
  let name = ''
  try {
    await output('Subject: x\n\nb\n', args)
  } catch (error) {
    name = error instanceof Error ? error.name : String(error)
  }
  assert.is(name, 'BadSyntax', args)
}

const NESTED = [
  'Subject: outer',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  'preamble',
  '--b',
  'Content-Type: text/plain',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'foo=3D',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'From: in@ner',
  'Subject: inner',
  '',
  'inner body',
  '--b--',
  '',
].join('\n')

test('gives flags, UID, date and size in the order asked for', async () => {
  const view = memoryView([message('Subject: x\n\nb\n', {flags: FLAG.seen | FLAG.draft, keywords: ['foo'], recent: true, uid: 7})])
  const {output: text, reply} = await runVerb(fetch, view, '1 (UID FLAGS RFC822.SIZE INTERNALDATE)')
  assert.is(reply.text, 'FETCH completed.')
  assert.is(text.replace(/"(.*)"/, '"…"'), '* 1 FETCH (UID 7 FLAGS (\\Draft \\Seen \\Recent foo) RFC822.SIZE 17 INTERNALDATE "…")\r\n')
  assert.equal(view.calls, ['metadata size 1'])
})

test('UID FETCH tells the UID first unless it was asked for', async () => {
  const view = memoryView([message('x', {uid: 5})])
  assert.is((await runVerb(fetch, view, '5 FLAGS', {uid: true})).output, '* 1 FETCH (UID 5 FLAGS ())\r\n')
  assert.is((await runVerb(fetch, view, '5 (FLAGS UID)', {uid: true})).output, '* 1 FETCH (FLAGS () UID 5)\r\n')
  assert.equal(view.calls, [])
})

for (const [macro, names] of [
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['fast', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
] as const) {
  test(`${macro} is written out`, async () => {
    const [fetched] = parseFetches(await output(NESTED, `1 ${macro}`))
    assert.equal([...(fetched?.items.keys() ?? [])], [...names])
  })
}

test('an item asked for twice is answered once', async () => {
  assert.is(await output('x', '1 (FLAGS FLAGS BODY.PEEK[]<0.1> BODY.PEEK[]<0.1>)'), '* 1 FETCH (FLAGS () BODY[]<0> {1}\r\nx)\r\n')
})

for (const [item, expected] of [
  ['BODY.PEEK[1]', 'foo=3D'],
  ['BODY.PEEK[2]', 'From: in@ner\r\nSubject: inner\r\n\r\ninner body'],
  ['BODY.PEEK[2.HEADER]', 'From: in@ner\r\nSubject: inner\r\n\r\n'],
  ['BODY.PEEK[2.TEXT]', 'inner body'],
  ['BODY.PEEK[2.1]', 'inner body'],
  ['BODY.PEEK[2.1.1]', 'inner body'],
  ['BODY.PEEK[3]', ''],
  ['BODY.PEEK[1.1]', ''],
  ['BODY.PEEK[2.2]', ''],
  ['BODY.PEEK[4294967295]', ''],
  ['BODY.PEEK[2.1.MIME]', '\r\n'],
  ['BODY.PEEK[1.MIME]', 'Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'],
  ['BODY.PEEK[1.HEADER]', 'Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'],
  ['BODY.PEEK[2.MIME]', 'Content-Type: message/rfc822\r\n\r\n'],
  ['BODY.PEEK[2.HEADER.FIELDS (subject)]', 'Subject: inner\r\n\r\n'],
  ['BODY.PEEK[2.HEADER.FIELDS.NOT (subject)]', 'From: in@ner\r\n\r\n'],
  ['BODY.PEEK[HEADER.FIELDS (SUBJECT X-None)]', 'Subject: outer\r\n\r\n'],
  ['BODY.PEEK[HEADER.FIELDS (X-None)]', '\r\n'],
  ['BODY.PEEK[HEADER.FIELDS.NOT (MIME-Version content-type)]', 'Subject: outer\r\n\r\n'],
  ['BODY.PEEK[HEADER]', 'Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
  ['RFC822.HEADER', 'Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
  ['BODY.PEEK[]<5.7>', 'ct: out'],
  ['BODY.PEEK[2.TEXT]<6>', 'body'],
  ['BODY.PEEK[2.TEXT]<10000.10>', ''],
  ['BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.15>', 'Subject: outer\r'],
  ['BODY.PEEK[2.1.MIME]<1.5>', '\n'],
] as const) {
  test(`${item} gives ${JSON.stringify(expected)}`, async () => {
    assert.is(await value(NESTED, item), expected)
  })
}

test('sizes of BODYSTRUCTURE are those of the parts', async () => {
  assert.is(
    await output(NESTED, '1 BODYSTRUCTURE'),
    '* 1 FETCH (BODYSTRUCTURE (("text" "plain" NIL NIL NIL "quoted-printable" 6 0 NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 42 (NIL "inner" ((NIL NIL "in" "ner")) ((NIL NIL "in" "ner")) ((NIL NIL "in" "ner")) NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 10 0 NIL NIL NIL) 3 NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL))\r\n',
  )
  assert.is(
    await output(NESTED, '1 BODY'),
    '* 1 FETCH (BODY (("text" "plain" NIL NIL NIL "quoted-printable" 6 0)("message" "rfc822" NIL NIL NIL "7bit" 42 (NIL "inner" ((NIL NIL "in" "ner")) ((NIL NIL "in" "ner")) ((NIL NIL "in" "ner")) NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 10 0) 3) "mixed"))\r\n',
  )
})

test('a message that is no multipart has one part, whatever its number is nested in', async () => {
  const raw = 'Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\nbody\n'
  for (const part of ['1', '1.1', '1.1.1', 'TEXT', '1.TEXT']) assert.is(await value(raw, `BODY.PEEK[${part}]`), 'body\r\n', part)
  assert.is(await value(raw, 'BODY.PEEK[2]'), '')
  assert.is(await value(raw, 'BODY.PEEK[1.MIME]'), 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n')
})

test('of a message that is itself a message, part 1 is the message inside', async () => {
  const raw = 'MIME-Version: 1.0\nContent-Type: message/rfc822\n\nSubject: inner\n\nbody\n'
  assert.is(await value(raw, 'BODY.PEEK[1]'), 'Subject: inner\r\n\r\nbody\r\n')
  assert.is(await value(raw, 'BODY.PEEK[1.HEADER]'), 'Subject: inner\r\n\r\n')
  assert.is(await value(raw, 'BODY.PEEK[1.1]'), 'body\r\n')
})

test('header names are repeated in quotes, in the spelling of the client', async () => {
  assert.is(
    await output('From: a@b\nSubject: x\n\n', '1 BODY.PEEK[HEADER.FIELDS (SUBJECT "from" X-None)]<0.10>'),
    '* 1 FETCH (BODY[HEADER.FIELDS ("SUBJECT" "from" "X-None")]<0> {10}\r\nFrom: a@b\r)\r\n',
  )
})

test('files without an empty line or a last line end keep their octets', async () => {
  assert.is(
    await output('Subject: nonl\n\nno newline', '1 (RFC822.SIZE BODY.PEEK[TEXT])'),
    '* 1 FETCH (RFC822.SIZE 27 BODY[TEXT] {10}\r\nno newline)\r\n',
  )
  assert.is(
    await output('', '1 (RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER])'),
    '* 1 FETCH (RFC822.SIZE 0 BODY[] {0}\r\n BODY[HEADER] {0}\r\n)\r\n',
  )
  assert.is(
    await output('Subject: x\r\n\r\nb\r\n', '1 (RFC822.SIZE BODY.PEEK[HEADER])'),
    '* 1 FETCH (RFC822.SIZE 20 BODY[HEADER] {16}\r\nSubject: x\r\r\n\r\r\n)\r\n',
  )
  assert.is(
    await output('Subject: x\n', '1 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])'),
    '* 1 FETCH (BODY[HEADER] {12}\r\nSubject: x\r\n BODY[TEXT] {0}\r\n)\r\n',
  )
})

for (const item of ['BODY[]', 'RFC822', 'RFC822.TEXT', 'BODY[TEXT]', 'BODY[1]', 'BODY[HEADER]']) {
  test(`${item} sets \\Seen and tells it afterwards`, async () => {
    const view = memoryView([message('Subject: x\n\nb\n')])
    const {output: text} = await runVerb(fetch, view, `1 ${item}`)
    assert.ok(text.endsWith(')\r\n* 1 FETCH (FLAGS (\\Seen))\r\n'), text)
    const again = await runVerb(fetch, view, `1 ${item}`)
    assert.not.ok(again.output.includes('FLAGS'))
    assert.is(view.calls.filter((call) => call === 'store 1').length, 1)
  })
}

test('PEEK, RFC822.HEADER and read-only mailboxes leave \\Seen alone', async () => {
  const view = memoryView([message('Subject: x\n\nb\n')])
  assert.not.ok((await runVerb(fetch, view, '1 (BODY.PEEK[] RFC822.HEADER)')).output.includes('FLAGS'))
  const readOnly = memoryView([message('Subject: x\n\nb\n')], {readOnly: true})
  assert.not.ok((await runVerb(fetch, readOnly, '1 BODY[]')).output.includes('FLAGS'))
  assert.equal(
    [...view.calls, ...readOnly.calls].filter((call) => call.startsWith('store')),
    [],
  )
})

test('after UID FETCH the new flags come with the UID', async () => {
  const view = memoryView([message('b', {uid: 9})])
  assert.ok((await runVerb(fetch, view, '9 BODY[]', {uid: true})).output.endsWith('* 1 FETCH (UID 9 FLAGS (\\Seen))\r\n'))
})

test('a Unicode header raises an alert once, and not in UTF8 mode', async () => {
  const raw = Buffer.from('Subject: café\n\nb\n', 'utf8')
  const view = memoryView([message(raw)])
  const first = (await runVerb(fetch, view, '1 BODY[]')).output
  assert.match(first, /\r\nb\r\n\)\r\n\* OK \[ALERT\] Message 1 appears to be a Unicode message.*\r\n\* 1 FETCH \(FLAGS \(\\Seen\)\)\r\n$/)
  assert.not.ok((await runVerb(fetch, view, '1 BODY[]')).output.includes('ALERT'))
  assert.not.ok((await runVerb(fetch, memoryView([message(raw)]), '1 BODY[]', {utf8: true})).output.includes('ALERT'))
})

test('a message whose file is gone is replaced', async () => {
  const view = memoryView([message('Subject: x\n\nb\n', {raw: undefined})])
  const {output: text} = await runVerb(fetch, view, '1 (RFC822.SIZE BODY[])')
  assert.ok(text.startsWith('* 1 FETCH (RFC822.SIZE 129 BODY[] {129}\r\nFrom: System Administrator <root@localhost>\r\n'), text)
  assert.ok(text.endsWith('This message is no longer available on the server.\r\n)\r\n'), text)
  for (const item of ['ENVELOPE', 'BODYSTRUCTURE', 'INTERNALDATE', 'BODY[1]', 'BODY[HEADER.FIELDS (subject)]']) {
    assert.is(parseFetches((await runVerb(fetch, view, `1 ${item}`)).output).length, 1)
  }
})

test('ENVELOPE is as RFC 3501 §7.4.2 says', async () => {
  const raw = [
    'From: Alice Example <alice@example.com>',
    'To: bob@example.org, "Doe, Jane" <jane@example.net>',
    'Subject: =?utf-8?Q?caf=C3=A9?= test',
    'Date: Mon, 01 Jan 2024 10:00:00 +0100',
    'Message-ID: <one@example.com>',
    '',
    '',
  ].join('\n')
  assert.is(
    await output(raw, '1 ENVELOPE'),
    '* 1 FETCH (ENVELOPE ("Mon, 01 Jan 2024 10:00:00 +0100" "=?utf-8?Q?caf=C3=A9?= test" (("Alice Example" NIL "alice" "example.com")) (("Alice Example" NIL "alice" "example.com")) (("Alice Example" NIL "alice" "example.com")) ((NIL NIL "bob" "example.org")("Doe, Jane" NIL "jane" "example.net")) NIL NIL NIL "<one@example.com>"))\r\n',
  )
})

test('ENVELOPE separates routes, removes quotes and marks groups', async () => {
  assert.is(
    await output('From: <@a,@b:user@host>, "a b"@c, x\nCc: Team: d@e;, none:;\n\n', '1 ENVELOPE'),
    '* 1 FETCH (ENVELOPE (NIL NIL F F F NIL ((NIL NIL "Team" NIL)(NIL NIL "d" "e")(NIL NIL NIL NIL)(NIL NIL "none" NIL)(NIL NIL NIL NIL)) NIL NIL NIL))\r\n'.replaceAll(
      'F ',
      '((NIL "@a,@b" "user" "host")(NIL NIL "a b" "c")(NIL NIL "x" "")) ',
    ),
  )
})

test('8-bit text is encoded, and raw in UTF8 mode', async () => {
  const raw = Buffer.from('Subject: café €\nFrom: "Jörg M" <j@x>\n\n', 'utf8')
  const plain = await output(raw, '1 ENVELOPE')
  assert.ok(plain.includes('"=?utf-8?B?Y2Fmw6kg4oKs?="'), plain)
  assert.ok(plain.includes('(("=?utf-8?B?SsO2cmc=?= M" NIL "j" "x"))'), plain)
  const utf8 = await output(raw, '1 ENVELOPE', {utf8: true})
  assert.ok(utf8.includes(Buffer.from('"café €" (("Jörg M" NIL "j" "x"))', 'utf8').toString('latin1')), utf8)
})

test('values that cannot be quoted are literals, NUL becomes a space', async () => {
  const view = memoryView([message('Subject: a"b\\c\0d\n\n')])
  assert.ok((await runVerb(fetch, view, '1 ENVELOPE')).output.includes('"a\\"b\\\\c d"'))
})

test('large messages are streamed and cut at any octet', async () => {
  const raw = `Subject: big\n\n${'0123456789abcde\n'.repeat(60_000)}`
  const wire = raw.replaceAll('\n', '\r\n')
  const view = memoryView([message(raw, {flags: FLAG.seen})], {wholeOctets: 1000})
  for (const [partial, from, count] of [
    ['', 0, undefined],
    ['<0.10>', 0, 10],
    ['<300000>', 300_000, undefined],
    ['<262143.262146>', 262_143, 262_146],
    ['<524287.300000>', 524_287, 300_000],
    ['<1000000.900000>', 1_000_000, 900_000],
    ['<5000000.10>', 5_000_000, 10],
  ] as const) {
    const [fetched] = parseFetches((await runVerb(fetch, view, `1 BODY.PEEK[]${partial}`)).output)
    const expected = wire.slice(from, count === undefined ? undefined : from + count)
    assert.ok([...(fetched?.items.values() ?? [])][0] === expected, partial)
  }
  const {writes} = await runVerb(fetch, view, '1 (BODY.PEEK[] BODY.PEEK[TEXT] BODY.PEEK[1])')
  assert.ok(writes.length > 9 && Math.max(...writes) < 1_200_000, `${writes}`)
})

test('a large message that is fetched in pieces is read about twice in all, whatever section and order', async () => {
  const lines = Array.from({length: 90_000}, (_, number) => 'x'.repeat(number % 37))
  const raw = `Subject: big\n\n${lines.join('\n')}`
  const wire = raw.replaceAll('\n', '\r\n')
  for (const [section, body] of [
    ['', wire],
    ['TEXT', wire.slice(wire.indexOf('\r\n\r\n') + 4)],
  ] as const) {
    const view = memoryView([message(raw, {flags: FLAG.seen})], {wholeOctets: 1000})
    const pieces: string[] = []
    for (let at = 0; at < body.length + 70_000; at += 70_001) {
      const [fetched] = parseFetches((await runVerb(fetch, view, `1 BODY.PEEK[${section}]<${at}.70001>`)).output)
      pieces.push(String([...(fetched?.items.values() ?? [])][0]))
    }
    assert.ok(pieces.join('') === body, section)
    const read = view.calls.filter((call) => call.startsWith('read ')).map((call) => call.split(' ').map(Number))
    const octets = read.reduce((sum, [, from = 0, to = 0]) => sum + to - from, 0)
    assert.ok(octets < 4 * raw.length, `${octets} octets of ${raw.length} were read`)
    for (const at of [1_500_000, 3, 1_048_577]) {
      const [fetched] = parseFetches((await runVerb(fetch, view, `1 BODY.PEEK[${section}]<${at}.300000>`)).output)
      assert.ok([...(fetched?.items.values() ?? [])][0] === body.slice(at, at + 300_000), `${section} ${at}`)
    }
  }
})

test('a file that ends before the announced octets ends the session', async () => {
  const raw = Buffer.from(`Subject: x\n\n${'line\n'.repeat(100_000)}`)
  const view = memoryView([message(raw)], {wholeOctets: 1000})
  const cut = {
    ...view,
    open: async () => ({
      storedBytes: raw.length,
      internalDateMs: 0,
      whole: undefined,
      lineFeeds: undefined,
      read: async (start: number, end: number) => Buffer.from(raw.subarray(start, Math.min(end, 300_000))),
      [Symbol.dispose]: () => {},
    }),
  }
  let thrown: unknown
  await view.metadata([], 'size')
  let reads = 0
  const lying = {
    ...cut,
    open: async () => ({
      ...(await cut.open()),
      read: async (start: number, end: number) => (++reads <= 3 ? Buffer.from(raw.subarray(start, end)) : Buffer.alloc(0)),
    }),
  }
  try {
    await runVerb(fetch, lying, '1 BODY.PEEK[]')
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof Error && thrown.name === 'Error', String(thrown))
})

for (const args of [
  '1',
  '1 ',
  '1 ()',
  '1 FOO',
  '1 (FLAGS FOO)',
  '1 BODY[',
  '1 BODY[0]',
  '1 BODY[01]',
  '1 BODY[1.]',
  '1 BODY[.1]',
  '1 BODY[MIME]',
  '1 BODY[1.FOO]',
  '1 BODY[HEADER.FIELDS]',
  '1 BODY[HEADER.FIELDS ()]',
  '1 BODY[HEADER.FIELDS SUBJECT]',
  '1 BODY[]<>',
  '1 BODY[]<1.0>',
  '1 BODY[]<-1>',
  '1 BODY[]<1.2',
  '1 (FLAGS',
  '1 FLAGS UID',
  '1 FLAGS)',
  '1 (FLAGS ALL)',
  '2 FLAGS',
  '0 FLAGS',
  '1,,1 FLAGS',
]) {
  test(`FETCH ${args} is BAD`, () => rejects(args))
}

test('metadata of many messages goes out in few writes', async () => {
  const view = memoryView(Array.from({length: 3_000}, () => message('Subject: x\n\nb\n')))
  const {output: text, writes} = await runVerb(fetch, view, '1:* (UID FLAGS INTERNALDATE RFC822.SIZE)')
  assert.is(parseFetches(text).length, 3_000)
  assert.ok(writes.length <= 5, `${writes.length}`)
})

test.run()
