/** Every message of the corpus and of the demo: valid grammar, and sizes, structure and parts agree with each other. */
import * as assert from 'uvu/assert'
import {fetch} from '../../src/imap/verbs/fetch.js'
import {FLAG} from '../../src/maildir/types.js'
import {JANES_LETTERS, JOHNS_LETTERS} from '../../src/services/demo/demo-letters.js'
import {writeLetter} from '../../src/services/demo/write-letter.js'
import {corpusFolder, corpusNames, storedMessage} from '../support/corpus.js'
import {type FetchedBody, type FetchedMessage, parseFetches} from '../support/fetch-response.js'
import {type MemoryViewOptions, memoryView, message} from '../support/memory-view.js'
import {type RunOptions, runVerb} from '../support/run-verb.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP FETCH over the corpus')

class Fetcher {
  readonly #view
  constructor(raw: Buffer, options: MemoryViewOptions = {}) {
    this.#view = memoryView([message(raw, {flags: FLAG.seen})], options)
  }

  async items(items: readonly string[], options: RunOptions = {}): Promise<FetchedMessage['items']> {
    const {output} = await runVerb(fetch, this.#view, `1 (${items.join(' ')})`, options)
    const [one, ...others] = parseFetches(output, options)
    assert.is(others.length, 0)
    if (!one) throw new Error('No FETCH response')
    return one.items
  }

  async text(section: string): Promise<string> {
    const items = await this.items([`BODY.PEEK[${section}]`])
    return String([...items.values()][0])
  }
}

interface NumberedPart {
  readonly path: string
  readonly body: FetchedBody
}

/** All parts with their numbers (RFC 3501 §6.4.5). */
function numbered(body: FetchedBody, prefix: string): NumberedPart[] {
  if (body.type === 'multipart' && body.children.length > 0) {
    return body.children.flatMap((child, index) => {
      const path = `${prefix}${index + 1}`
      return [{path, body: child}, ...inside(child, path)]
    })
  }
  return [{path: `${prefix}1`, body}, ...inside(body, `${prefix}1`)]
}

function inside(body: FetchedBody, path: string): NumberedPart[] {
  if (body.message) return numbered(body.message, `${path}.`)
  return body.type === 'multipart' && body.children.length > 0 ? numbered(body, `${path}.`) : []
}

function lineFeeds(text: string): number {
  return text.split('\n').length - 1
}

async function checkPart(fetcher: Fetcher, {path, body}: NumberedPart, whole: string): Promise<void> {
  const text = await fetcher.text(path)
  assert.ok(whole.includes(text), `${path} is in the message`)
  if (body.octets !== undefined) assert.is(text.length, body.octets, `octets of ${path}`)
  if (body.lines !== undefined) assert.is(lineFeeds(text), body.lines, `lines of ${path}`)
  const mime = await fetcher.text(`${path}.MIME`)
  assert.ok(/^(?:(?:Content-|MIME-Version)[^\n]*\n(?:[ \t][^\n]*\n)*)*\r?\r\n$/i.test(mime), `${path}.MIME: ${JSON.stringify(mime)}`)
  if (!body.message) return
  assert.is((await fetcher.text(`${path}.HEADER`)) + (await fetcher.text(`${path}.TEXT`)), text, `header and text of ${path}`)
}

async function checkPartials(fetcher: Fetcher, section: string, full: string): Promise<void> {
  const crlf = full.indexOf('\r\n')
  const starts = [0, 1, Math.max(0, crlf), crlf + 1, crlf + 2, Math.max(0, full.length - 1), full.length, full.length + 1, 4_294_967_295]
  const counts = [undefined, 1, 2, 7, Math.max(1, full.length), full.length + 1, 4_294_967_295]
  const wanted = starts.flatMap((start) => counts.map((count) => ({start, count, text: full.slice(start, count && start + count)})))
  for (const {start, count, text} of wanted) {
    const item = `BODY.PEEK[${section}]<${start}${count === undefined ? '' : `.${count}`}>`
    assert.ok([...(await fetcher.items([item])).values()][0] === text, item)
  }
}

async function checkMessage(raw: Buffer): Promise<void> {
  const fetcher = new Fetcher(raw)
  const stream = new Fetcher(raw, {wholeOctets: 0})
  const items = await fetcher.items([
    'RFC822.SIZE',
    'ENVELOPE',
    'BODY',
    'BODYSTRUCTURE',
    'INTERNALDATE',
    'BODY.PEEK[]',
    'RFC822.HEADER',
    'BODY.PEEK[TEXT]',
  ])
  await fetcher.items(['ENVELOPE', 'BODYSTRUCTURE', 'BODY'], {utf8: true})
  const whole = String(items.get('BODY[]'))
  assert.ok(whole === raw.toString('latin1').replaceAll('\n', '\r\n'))
  assert.is(items.get('RFC822.SIZE'), whole.length)
  const header = String(items.get('RFC822.HEADER'))
  assert.ok(header + items.get('BODY[TEXT]') === whole, 'header and text are the whole')
  assert.is(await fetcher.text('HEADER'), header)
  assert.ok((await stream.text('')) === whole)
  const structure = items.get('BODYSTRUCTURE') as FetchedBody
  const parts = numbered(structure, '')
  for (const part of parts) await checkPart(fetcher, part, whole)
  for (const {path} of parts.slice(0, 10)) assert.ok((await stream.text(path)) === (await fetcher.text(path)), `${path} streamed`)
  await checkFields(fetcher, header)
  await checkPartials(fetcher, '', whole)
  await checkPartials(stream, '', whole)
  await checkPartials(fetcher, 'HEADER.FIELDS (Subject From)', await fetcher.text('HEADER.FIELDS (Subject From)'))
  if (parts[0]) await checkPartials(stream, parts[0].path, await fetcher.text(parts[0].path))
}

/** A field is in the selection or in the complement, each followed by an empty line. */
async function checkFields(fetcher: Fetcher, header: string): Promise<void> {
  for (const names of ['Subject', 'from TO cc', 'X-None']) {
    const chosen = await fetcher.text(`HEADER.FIELDS (${names})`)
    const others = await fetcher.text(`HEADER.FIELDS.NOT (${names})`)
    assert.ok(chosen.endsWith('\r\n') && others.endsWith('\r\n'))
    const lines = (text: string) =>
      text
        .split('\r\n')
        .filter((line) => line !== '')
        .sort()
    assert.equal([...lines(chosen), ...lines(others)].sort(), lines(header), names)
  }
}

for (const name of corpusNames()) test(`${name} is told consistently`, () => checkMessage(storedMessage(name)))
if (!corpusFolder) test.skip('messages are told consistently', 'the corpus is not there')

test('the mail of the demo is told consistently', async () => {
  const time = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  for (const [number, letter] of [...JANES_LETTERS, ...JOHNS_LETTERS].entries()) await checkMessage(writeLetter(letter, {time, number}))
})

test('odd messages are told consistently', async () => {
  const multipart = (parts: string) => `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=z\n\n${parts}`
  for (const raw of [
    '',
    '\n',
    '\n\n',
    'x',
    'Subject: x',
    'MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nno boundary\n',
    multipart('--z--\n'),
    multipart('--z\n--z--\n'),
    multipart('--z\n\n--z--\n'),
    multipart('no part\n'),
    multipart('--z\nContent-Type: text\n\nx\n--z\nContent-Type: multipart/mixed; boundary=z\n\n--z--'),
    multipart(`--z\nContent-Type: message/rfc822\n\n--z--`),
    multipart('--z\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW4KCmJvZHkK\n--z--'),
    multipart('--z\nContent-Type: message/global\n\nSubject: x\n\ny\n--z--'),
    multipart('--z\nContent-Type: text/plain; a="\x01\x02"; b="\\"\\\\"\nContent-ID: "\n\n\n--z--'),
    `Subject: \xff\xfe\x80\nTo: \xe9 <\xe9@\xe9>\nContent-Language: de, en\n\n`,
    `From: "a\nTo: (((((\nCc: <<<<\nBcc: ;;;;::::,,,,\n\n`,
    `Subject: ${'\xc3\xa9'.repeat(300)} x ${'\xe2\x82\xac '.repeat(100)}\n\n`,
  ]) {
    await checkMessage(Buffer.from(raw, 'latin1'))
  }
})

test.run()
