import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {search} from '../../src/imap/verbs/search.js'
import {FLAG} from '../../src/maildir/types.js'
import {BadSyntax} from '../../src/support/fault.js'
import {isLong} from '../support/is-long.js'
import {type MemoryMessage, type MemoryViewOptions, memoryView, message} from '../support/memory-view.js'
import {pieces, type RunOptions, runVerb} from '../support/run-verb.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP SEARCH')

const MAIL = [
  message('Subject: =?utf-8?Q?caf=C3=A9?= test\nFrom: Alice <alice@example.com>\nDate: Tue, 02 Jan 2024 23:30:00 -0500\n\nHello\nWorld\n', {
    flags: FLAG.seen,
    keywords: ['Work'],
    internalDateMs: Date.UTC(2024, 0, 3, 12),
  }),
  message('Subject: Lunch\nTo: bob@example.org\nCc: carol@example.org\nX-Empty:\n\nnothing here\n', {
    flags: FLAG.flagged | FLAG.deleted,
    recent: true,
    internalDateMs: Date.UTC(2024, 0, 4, 12),
  }),
  message(
    'Subject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZSBhdXMgS8O2bG4=\n--b\nContent-Type: application/pdf; name=report.pdf\n\nhidden octets\n--b--\n',
    {flags: FLAG.answered | FLAG.draft, internalDateMs: Date.UTC(2024, 1, 1, 12), uid: 30},
  ),
]

async function found(keys: string, options: RunOptions = {}, mail = MAIL): Promise<string> {
  const {output, reply} = await runVerb(search, memoryView(mail), keys, options)
  assert.is(reply.status, 'OK', reply.text)
  assert.is(reply.text, 'SEARCH done.')
  return output
}

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

for (const [keys, expected] of [
  ['ALL', '1 2 3'],
  ['SEEN', '1'],
  ['UNSEEN', '2 3'],
  ['ANSWERED', '3'],
  ['UNANSWERED', '1 2'],
  ['DRAFT', '3'],
  ['undraft', '1 2'],
  ['FLAGGED', '2'],
  ['UNFLAGGED', '1 3'],
  ['DELETED', '2'],
  ['UNDELETED', '1 3'],
  ['RECENT', '2'],
  ['OLD', '1 3'],
  ['NEW', '2'],
  ['KEYWORD work', '1'],
  ['UNKEYWORD WORK', '2 3'],
  ['KEYWORD none', ''],
  ['1', '1'],
  ['*', '3'],
  ['*:2', '2 3'],
  ['3:2,1', '1 2 3'],
  ['2:*', '2 3'],
  ['7', ''],
  ['3:9', '3'],
  ['UID 30', '3'],
  ['UID 2:29', '2'],
  ['UID *', '3'],
  ['UID 99:*', '3'],
  ['NOT 1', '2 3'],
  ['NOT NOT 1', '1'],
  ['NOT (NOT 1)', '1'],
  ['OR 1 3', '1 3'],
  ['OR SEEN OR DRAFT 2', '1 2 3'],
  ['(SEEN) ALL', '1'],
  ['(UNSEEN (UNDRAFT)) ALL', '2'],
  ['SEEN DRAFT', ''],
  ['BEFORE 4-Jan-2024', '1'],
  ['ON 4-jan-2024', '2'],
  ['SINCE "4-Jan-2024"', '2 3'],
  ['SENTON 2-Jan-2024', '1'],
  ['SENTON 3-Jan-2024', ''],
  ['SENTBEFORE 3-Jan-2024', '1'],
  ['SENTSINCE 2-Jan-2024', '1'],
  ['NOT SENTSINCE 1-Jan-2000', '2 3'],
  ['LARGER 100', '1 3'],
  ['SMALLER 100', '2'],
  ['SUBJECT lunch', '2'],
  ['SUBJECT CAF', '1'],
  ['SUBJECT "cafe"', ''],
  [`SUBJECT "${utf8('CAFÉ')}"`, '1'],
  ['FROM alice@EXAMPLE', '1'],
  ['TO bob', '2'],
  ['CC bob', ''],
  ['CC Carol', '2'],
  ['BCC x', ''],
  ['HEADER X-Empty ""', '2'],
  ['HEADER x-none ""', ''],
  ['HEADER Subject ""', '1 2 3'],
  ['HEADER "subject" par', '3'],
  ['SUBJECT text/plain', ''],
  ['HEADER Content-Type application', ''],
  ['BODY "hello world"', '1'],
  ['BODY alice', ''],
  ['TEXT alice', '1'],
  ['TEXT "subject: caf"', ''],
  [`BODY "${utf8('grüße')}"`, '3'],
  ['BODY hidden', ''],
  ['BODY preamble', ''],
  ['TEXT report.pdf', '3'],
  ['OR BODY hello SUBJECT lunch', '1 2'],
  ['NOT BODY hello', '2 3'],
  ['CHARSET UTF-8 ALL', '1 2 3'],
  ['charset us-ascii SUBJECT lunch', '2'],
] as const) {
  test(`${JSON.stringify(keys)} finds ${expected || 'nothing'}`, async () => {
    assert.is(await found(keys), `* SEARCH${expected === '' ? '' : ' '}${expected}\r\n`)
  })
}

test('reports of delivery are searched as text', async () => {
  const report =
    'MIME-Version: 1.0\nContent-Type: multipart/report; boundary=r\n\n--r\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x@y\n--r--\n'
  assert.is(await found('BODY final-recipient', {}, [message(report)]), '* SEARCH 1\r\n')
})

test('strings are read in the named charset', async () => {
  const literal = pieces(' CHARSET ISO-8859-1 SUBJECT ', Buffer.from('café', 'latin1'))
  assert.is((await runVerb(search, memoryView(MAIL), literal)).output, '* SEARCH 1\r\n')
})

test('an unknown charset is refused with a list', async () => {
  const {output, reply} = await runVerb(search, memoryView(MAIL), 'CHARSET FOO ALL')
  assert.is(output, '')
  assert.is(reply.status, 'NO')
  assert.match(reply.code ?? '', /^BADCHARSET \(.*UTF-8.*\)$/)
  assert.is(reply.text, 'The requested character set is not supported.')
})

test('UID SEARCH gives UIDs', async () => {
  assert.is(await found('UNSEEN', {uid: true}), '* SEARCH 2 30\r\n')
  assert.is(await found('3', {uid: true}), '* SEARCH 30\r\n')
})

test('in UTF8 mode CHARSET is BAD and strings are UTF-8', async () => {
  const {reply} = await runVerb(search, memoryView(MAIL), 'CHARSET UTF-8 ALL', {utf8: true})
  assert.is(reply.status, 'BAD')
  assert.is(await found(`SUBJECT "${utf8('café')}"`, {utf8: true}), '* SEARCH 1\r\n')
})

test('an empty mailbox has no matches', async () => {
  for (const keys of ['ALL', '1:*', '*', 'UID 1:*', 'BODY x']) assert.is(await found(keys, {}, []), '* SEARCH\r\n', keys)
})

test('a message whose file is gone matches what needs no file', async () => {
  const mail = [message('', {raw: undefined, flags: FLAG.seen})]
  for (const [keys, expected] of [
    ['SEEN', ' 1'],
    ['LARGER 0', ''],
    ['SINCE 1-Jan-1970', ''],
    ['SENTSINCE 1-Jan-1970', ''],
    ['SUBJECT ""', ''],
    ['BODY ""', ''],
    ['NOT TEXT x', ' 1'],
  ] as const) {
    assert.is(await found(keys, {}, mail), `* SEARCH${expected}\r\n`, keys)
  }
})

for (const keys of [
  '',
  'FOO',
  'NOT',
  'OR 1',
  '()',
  '(1',
  '1)',
  'SUBJECT',
  'HEADER x',
  'LARGER x',
  'LARGER 4294967296',
  'BEFORE x',
  'BEFORE 30-Feb-2024',
  'BEFORE 1-Foo-2024',
  'ON 1-Jan-24',
  'UID',
  'UID x',
  '0',
  '1:',
  '1,',
  'KEYWORD',
  'KEYWORD "x"',
  'CHARSET',
  'CHARSET UTF-8',
  'RETURN (ALL) ALL',
  `${'NOT '.repeat(200)}ALL`,
  `${'('.repeat(200)}ALL${')'.repeat(200)}`,
  'ALL '.repeat(1_100),
]) {
  test(`${JSON.stringify(keys.slice(0, 40))} is BAD`, async () => {
    let thrown: unknown
    try {
      await runVerb(search, memoryView(MAIL), keys)
    } catch (error) {
      thrown = error
    }
    assert.ok(thrown instanceof BadSyntax, String(thrown))
  })
}

test('the files are opened only for what nothing cheaper has decided', async () => {
  const view = memoryView(MAIL)
  await runVerb(search, view, 'BODY hello SEEN')
  assert.equal(view.calls, ['open 1'])
  view.calls.length = 0
  await runVerb(search, view, 'OR 1:2 BODY x LARGER 100')
  assert.equal(view.calls, ['values size 3', 'open 3'])
  view.calls.length = 0
  await runVerb(search, view, 'UNSEEN NOT 1')
  assert.equal(view.calls, [])
  const large = memoryView(MAIL, {wholeOctets: 20})
  await runVerb(search, large, 'BODY hello SEEN')
  assert.equal(large.calls, ['open 1', 'metadata structure 1', 'read 107 119'])
})

test('a search of a large mailbox lets others have their turn', async () => {
  const view = memoryView(Array.from({length: 30_000}, (_, i) => message(MAIL[0]!.raw!, {flags: i % 2 ? FLAG.seen : 0})))
  let turns = 0
  let running = true
  const other = (async () => {
    while (running) {
      await new Promise((resolve) => setImmediate(resolve))
      turns += 1
    }
  })()
  const {output} = await runVerb(search, view, 'UNSEEN SUBJECT test TEXT world')
  running = false
  await other
  assert.is(output.split(' ').length, 15_002)
  assert.ok(turns >= 5, `${turns} turns`)
})

// --- against a naive evaluator -------------------------------------------------------------------------------------------------

interface Plain {
  readonly number: number
  readonly uid: number
  readonly message: MemoryMessage
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
}

interface Case {
  readonly text: string
  readonly matches: (plain: Plain, highest: {number: number; uid: number}) => boolean
}

const WORDS = ['alpha', 'Beta', 'gamma delta', 'x', 'EPSILON', 'a']
const day = (ms: number) => Math.floor(ms / 86_400_000)
const squeeze = (text: string) => text.toLowerCase().replace(/[ \t\r\n]+/g, ' ')
const holds = (text: string, word: string) => squeeze(text).includes(squeeze(word).trim())
const dateText = (ms: number) => {
  const date = new Date(ms)
  const month = date.toLocaleString('en', {month: 'short', timeZone: 'UTC'})
  return `${date.getUTCDate()}-${month}-${date.getUTCFullYear()}`
}

const someDay = fc.integer({min: 0, max: 40}).map((days) => Date.UTC(2024, 0, 1) + days * 86_400_000)
const word = fc.constantFrom(...WORDS)
const end = fc.oneof(fc.integer({min: 1, max: 14}).map(String), fc.constant('*'))
const ranges = fc.array(fc.tuple(end, fc.option(end, {nil: undefined})), {minLength: 1, maxLength: 3})

function inRanges(set: readonly (readonly [string, string | undefined])[], value: number, highest: number): boolean {
  const number = (text: string) => (text === '*' ? highest : Number(text))
  return set.some(([a, b = a]) => value >= Math.min(number(a), number(b)) && value <= Math.max(number(a), number(b)))
}

const setText = (set: readonly (readonly [string, string | undefined])[]) =>
  set.map(([a, b]) => (b === undefined ? a : `${a}:${b}`)).join(',')

const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc.constant<Case>({text: 'ALL', matches: () => true}),
  fc.constantFrom('SEEN', 'ANSWERED', 'DELETED', 'DRAFT', 'FLAGGED').map((name): Case => {
    const bit = FLAG[name.toLowerCase() as keyof typeof FLAG]
    return {text: name, matches: ({message: {flags}}) => (flags & bit) !== 0}
  }),
  fc.constant<Case>({text: 'NEW', matches: ({message: {flags, recent}}) => recent && (flags & FLAG.seen) === 0}),
  fc.constant<Case>({text: 'KEYWORD kw', matches: ({message: {keywords}}) => keywords.includes('KW')}),
  ranges.map((set): Case => ({text: setText(set), matches: ({number}, highest) => inRanges(set, number, highest.number)})),
  ranges.map((set): Case => ({text: `UID ${setText(set)}`, matches: ({uid}, highest) => inRanges(set, uid, highest.uid)})),
  fc.tuple(fc.constantFrom('BEFORE', 'ON', 'SINCE'), someDay).map(
    ([name, ms]): Case => ({
      text: `${name} ${dateText(ms)}`,
      matches: ({message: {internalDateMs}}) => compareDays(name, day(internalDateMs), day(ms)),
    }),
  ),
  fc.tuple(fc.constantFrom('SENTBEFORE', 'SENTON', 'SENTSINCE'), someDay).map(
    ([name, ms]): Case => ({
      text: `${name} ${dateText(ms)}`,
      matches: ({fields}) => {
        const sent = fields.find(([field]) => field === 'date')?.[1]
        // The date as it is written: day, month, year.
        const match = /(\d+) (\w+) (\d+)/.exec(sent ?? '')
        return match !== null && compareDays(name.slice(4), day(Date.parse(`${match[1]} ${match[2]} ${match[3]} UTC`)), day(ms))
      },
    }),
  ),
  fc.integer({min: 0, max: 400}).map((octets): Case => ({text: `LARGER ${octets}`, matches: ({message: {raw}}) => wireSize(raw) > octets})),
  fc
    .integer({min: 0, max: 400})
    .map((octets): Case => ({text: `SMALLER ${octets}`, matches: ({message: {raw}}) => wireSize(raw) < octets})),
  fc.tuple(fc.constantFrom('SUBJECT', 'FROM', 'TO'), word).map(
    ([name, text]): Case => ({
      text: `${name} "${text}"`,
      matches: ({fields}) => fields.some(([field, value]) => field === name.toLowerCase() && holds(value, text)),
    }),
  ),
  word.map((text): Case => ({text: `BODY "${text}"`, matches: ({body}) => holds(body, text)})),
  word.map(
    (text): Case => ({
      text: `TEXT {${text.length}}`.replace(/\{.*/, `"${text}"`),
      matches: ({fields, body}) => holds(body, text) || fields.some(([name, value]) => holds(value, text) || holds(`${name}: `, text)),
    }),
  ),
)

function compareDays(name: string, left: number, right: number): boolean {
  return name === 'BEFORE' ? left < right : name === 'ON' ? left === right : left >= right
}

function wireSize(raw: Buffer | undefined): number {
  return (raw?.toString('latin1') ?? '').replaceAll('\n', '\r\n').length
}

const {key} = fc.letrec<{key: Case}>((tie) => ({
  key: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    leaf,
    tie('key').map((inner): Case => ({text: `NOT ${inner.text}`, matches: (plain, highest) => !inner.matches(plain, highest)})),
    fc.tuple(tie('key'), tie('key')).map(
      ([a, b]): Case => ({
        text: `OR ${a.text} ${b.text}`,
        matches: (plain, highest) => a.matches(plain, highest) || b.matches(plain, highest),
      }),
    ),
    fc.array(tie('key'), {minLength: 1, maxLength: 3}).map(
      (list): Case => ({
        text: `(${list.map(({text}) => text).join(' ')})`,
        matches: (plain, highest) => list.every(({matches}) => matches(plain, highest)),
      }),
    ),
  ),
}))

const someMessage = fc
  .record({
    subject: fc.option(fc.array(word, {maxLength: 3}), {nil: undefined}),
    from: word,
    to: fc.option(word, {nil: undefined}),
    sent: fc.option(fc.tuple(someDay, fc.constantFrom('23:30:00 -0500', '00:10:00 +0900', '12:00:00 +0000')), {nil: undefined}),
    body: fc.array(fc.oneof(word, fc.constant('\n')), {maxLength: 30}),
    flags: fc.integer({min: 0, max: 31}),
    keywords: fc.subarray(['KW', 'other']),
    recent: fc.boolean(),
    internalDateMs: someDay.chain((ms) => fc.integer({min: 0, max: 86_399}).map((seconds) => ms + seconds * 1000)),
    step: fc.integer({min: 1, max: 3}),
  })
  .map(({subject, from, to, sent, body, step, ...rest}) => {
    const fields: [string, string][] = [['from', from]]
    if (subject) fields.push(['subject', subject.join('\n ')])
    if (to !== undefined) fields.push(['to', to])
    if (sent) {
      const date = new Date(sent[0])
      const month = date.toLocaleString('en', {month: 'short', timeZone: 'UTC'})
      fields.push(['date', `${date.getUTCDate()} ${month} ${date.getUTCFullYear()} ${sent[1]}`])
    }
    const text = body.join(' ')
    const raw = Buffer.from(`${fields.map(([name, value]) => `${name}: ${value}\n`).join('')}\n${text}`, 'latin1')
    return {fields, body: text, step, message: {...rest, raw}}
  })

test('finds what a naive evaluator finds', async () => {
  // INTERNALDATE keys are compared in the server's zone.
  const zone = process.env.TZ
  process.env.TZ = 'UTC'
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(someMessage, {maxLength: 12}), key, fc.boolean(), fc.boolean(), async (list, wanted, uid, small) => {
        let last = 0
        const plains = list.map(({step, ...one}, index) => {
          last += step
          return {...one, number: index + 1, uid: last, message: {...one.message, uid: last}}
        })
        const options: MemoryViewOptions = small ? {wholeOctets: 0, batch: 2} : {}
        const view = memoryView(
          plains.map(({message: one}) => one),
          options,
        )
        const {output} = await runVerb(search, view, wanted.text, {uid})
        const highest = {number: plains.length, uid: last}
        const expected = plains.filter((plain) => wanted.matches(plain, highest)).map((plain) => (uid ? plain.uid : plain.number))
        assert.is(output, `* SEARCH${expected.map((n) => ` ${n}`).join('')}\r\n`, wanted.text)
      }),
      {numRuns: isLong ? 5_000 : 400},
    )
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test.run()
