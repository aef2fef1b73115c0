import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {countedMemory} from '../../src/message/counted-memory.js'
import {LIMITS} from '../../src/message/limits.js'
import {parseStructure, StructureParser} from '../../src/message/parse-structure.js'
import type {Part, Stretch} from '../../src/message/structure.js'
import {isLong} from '../support/is-long.js'
import {suite} from '../support/suite.js'
import {corpus, corpusFolder} from './corpus.js'
import {faultsOf, hostileMessages, multiparts} from './messages.js'

const structure = suite('MIME structure')

const MIXED = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n'
const parse = (text: string): Part => parseStructure(Buffer.from(text, 'latin1'))
const wireSize = ({start, end, lineFeeds}: Stretch): number => end - start + lineFeeds

/** `type/subtype`, then what is inside in brackets, else the size of the body on the wire. */
function outline(part: Part): string {
  const inside = [...(part.message ? [part.message] : []), ...part.children].map(outline)
  return `${part.type}/${part.subtype} ${inside.length > 0 ? `[${inside.join(', ')}]` : wireSize(part.body)}`
}

for (const [title, text, expected] of [
  ['a message without MIME-Version is plain text', 'Content-Type: text/html\n\nx\n', 'text/plain 3'],
  ['a MIME-Version that is not 1 is none', 'MIME-Version: 2.0\nContent-Type: text/html\n\nx\n', 'text/plain 3'],
  ['a MIME-Version may have comments', 'MIME-Version: (a) 1.0 (b)\nContent-Type: text/html\n\nx\n', 'text/html 3'],
  ['of repeated fields the last counts', 'MIME-Version: 1.0\nContent-Type: text/html\nContent-Type: image/png\n\nx\n', 'image/png 3'],
  ['a type without subtype has an empty one', 'MIME-Version: 1.0\nContent-Type: Text\n\nx', 'text/ 1'],
  ['the line end before a boundary belongs to it', `${MIXED}--o\n\na\n--o\n\nb\n\n--o--\n`, 'multipart/mixed [text/plain 1, text/plain 3]'],
  ['a message without an empty line is all header', 'Subject: x\n', 'text/plain 0'],
  ['an empty message is empty text', '', 'text/plain 0'],
  [
    'a boundary matches as a prefix and without case',
    `${MIXED}--Ofoo\n\na\n--o-\n\nb\n--o--x\n\nc\n`,
    'multipart/mixed [text/plain 1, text/plain 1]',
  ],
  [
    'a multipart without boundary parameter is a leaf',
    'MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--o\n\na\n',
    'multipart/mixed 10',
  ],
  [
    'a multipart with an empty boundary is a leaf',
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=""\n\n--o\n\na\n',
    'multipart/mixed 10',
  ],
  ['a multipart without any boundary line is a leaf', `${MIXED}text\n`, 'multipart/mixed 6'],
  ['two boundary lines with nothing between make an empty part', `${MIXED}--o\n--o--\n`, 'multipart/mixed [text/plain 0]'],
  ['a part may lack the empty line', `${MIXED}--o\nContent-Type: text/x\n--o--\n`, 'multipart/mixed [text/x 0]'],
  ['after the closing line nothing opens a part', `${MIXED}--o\n\na\n--o--\n--o\n\nb\n`, 'multipart/mixed [text/plain 1]'],
  [
    'the children of a digest are messages',
    'MIME-Version: 1.0\nContent-Type: multipart/digest; boundary=o\n\n--o\n\nSubject: d\n\nbody\n--o\nContent-Type: text/x\n\nt\n--o--\n',
    'multipart/digest [message/rfc822 [text/plain 4], text/x 1]',
  ],
  [
    'a coded message is not taken apart',
    'MIME-Version: 1.0\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nAAA\n',
    'message/octet-stream 5',
  ],
  [
    'a message of unknown coding is not taken apart',
    'MIME-Version: 1.0\nContent-Type: message/rfc822\nContent-Transfer-Encoding: x-uu\n\nAAA\n',
    'message/octet-stream 5',
  ],
  [
    'an embedded message needs a MIME-Version of its own',
    `${MIXED}--o\nContent-Type: message/rfc822\n\nContent-Type: text/html\n\nx\n--o--\n`,
    'multipart/mixed [message/rfc822 [text/plain 1]]',
  ],
  [
    'an outer boundary closes what is inside',
    `${MIXED}--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\na\n--o\n\nb\n--o--\n`,
    'multipart/mixed [multipart/mixed [text/plain 1], text/plain 1]',
  ],
  [
    'of two boundaries that match, the longer wins',
    `${MIXED}--o\nContent-Type: multipart/mixed; boundary=oi\n\n--oi\n\na\n--oi--\n--o--\n`,
    'multipart/mixed [multipart/mixed [text/plain 1]]',
  ],
  [
    'of two equal boundaries the outer wins',
    `${MIXED}--o\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\na\n--o--\n`,
    'multipart/mixed [multipart/mixed 0, text/plain 1]',
  ],
] as const) {
  structure(title, () => assert.is(outline(parse(text)), expected))
}

const EMBEDDED = `${MIXED}--o\n\nfoo=3D\n--o\nContent-Type: message/rfc822\n\nFrom: in@ner\nSubject: inner\n\ninner body\n`

structure('sizes of an embedded message that the boundary follows at once', () => {
  const root = parse(`${EMBEDDED}--o--\n`)
  const [text, wrapper] = root.children
  const inner = wrapper!.message!
  assert.equal([text!.body, wrapper!.body, inner.header, inner.body].map(wireSize), [6, 42, 32, 10])
  assert.equal(
    [text!.body, wrapper!.body, inner.body].map(({lineFeeds}) => lineFeeds),
    [0, 3, 0],
  )
})

structure('sizes of an embedded message with an empty line before the boundary', () => {
  const wrapper = parse(`${EMBEDDED}\n--o--\n`).children[1]!
  assert.equal([wrapper.body, wrapper.message!.body].map(wireSize), [44, 12])
  assert.equal(
    [wrapper.body, wrapper.message!.body].map(({lineFeeds}) => lineFeeds),
    [4, 1],
  )
})

structure('with CRLF in the file the whole line end belongs to the boundary', () => {
  const root = parse(`${EMBEDDED}--o--\n`.replaceAll('\n', '\r\n'))
  assert.is(root.children[0]!.body.end - root.children[0]!.body.start, 6)
  assert.is(root.children[1]!.message!.body.lineFeeds, 0)
})

structure('sizes of whole files', () => {
  const sizes = (text: string): number[] => {
    const {header, body} = parse(text)
    return [wireSize(header) + wireSize(body), wireSize(header), wireSize(body)]
  }
  assert.equal(sizes('Subject: nonl\n\nno newline'), [27, 17, 10])
  assert.equal(sizes(''), [0, 0, 0])
  assert.equal(sizes('Subject: x\r\n\r\nb\r\n'), [20, 16, 4])
  assert.equal(sizes('Subject: x\n'), [12, 12, 0])
})

structure('fields of a part', () => {
  const part = parse(
    'MIME-Version: 1.0\nContent-Type: text/plain; CHARSET="utf-8"; name*0*=a%20; name*1="b\\"c"; x=(no) y z ; q\nContent-ID: <a@b>\n' +
      'Content-Description: d\n d\nContent-Transfer-Encoding: Quoted-Printable (really)\nContent-MD5: m==\n' +
      'Content-Disposition: ATTACHMENT; filename=my file.pdf; size = 3\nContent-Language: de, en\n\n',
  )
  assert.equal(part.parameters, [
    ['charset', 'utf-8'],
    ['name*0*', 'a%20'],
    ['name*1', 'b"c'],
    ['x', 'y z'],
  ])
  assert.equal(part.disposition, {
    type: 'attachment',
    parameters: [
      ['filename', 'my file.pdf'],
      ['size', '3'],
    ],
  })
  assert.equal([part.id, part.description, part.encoding, part.md5, part.language], ['<a@b>', 'd d', 'quoted-printable', 'm==', 'de, en'])
})

for (const [written, expected] of [
  ['7BIT', '7bit'],
  ['8bits', '8bit'],
  ['BINARY', '8bit'],
  ['Base64', 'base64'],
  ['q', 'quoted-printable'],
  ['X-UUencode', 'X-UUencode'],
  ['', '7bit'],
] as const) {
  structure(`Content-Transfer-Encoding "${written}" is ${expected}`, () => {
    assert.is(parse(`MIME-Version: 1.0\nContent-Transfer-Encoding: ${written}\n\n`).encoding, expected)
  })
}

structure('8-bit headers are noticed where they are', () => {
  const root = parse(`${MIXED}--o\nContent-Description: \xe9\n\na\n--o\n\n\xe9\n--o--\n`)
  assert.equal(
    [root, ...root.children].map(({header8bit}) => header8bit),
    [false, true, false],
  )
})

structure('depth and number of entities are bounded', () => {
  let deep = 'MIME-Version: 1.0\n'
  for (let i = 0; i < 50; i += 1) deep += `Content-Type: multipart/mixed; boundary=b${i}x\n\n--b${i}x\n`
  let depth = 0
  for (let part: Part | undefined = parse(deep); part; part = part.children[0]) depth += 1
  assert.is(depth, LIMITS.mimeDepth)
  const wide = parse(MIXED + '--o\n\nx\n'.repeat(1000))
  assert.is(wide.children.length, LIMITS.entities - 1)
  assert.is(wide.children.at(-1)!.body.end - wide.children.at(-1)!.body.start, 1)
  const nested = parse(`MIME-Version: 1.0\nContent-Type: message/rfc822\n\n`.repeat(50))
  assert.is(outline(nested).split('message/rfc822').length - 1, LIMITS.mimeDepth - 1)
  assert.equal(faultsOf(Buffer.from(deep), parse(deep)), [])
})

structure('of an endless header the start is read, and all of it counts as header', () => {
  const header = `Subject: early\n${'X: 0123456789\n'.repeat(120_000)}Subject: late\n`
  const root = parse(`${header}\nbody`)
  assert.is(root.header.end, header.length + 1)
  assert.is(root.envelope!.subject, 'early')
  assert.is(root.body.end - root.body.start, 4)
})

const fast = countedMemory(1_000_000)

/** The same in memory in which much of the work is done by WebAssembly, from some octet on. */
function inCountedMemory(message: Buffer, start: number): Part {
  message.copy(fast, start)
  return parseStructure(fast.subarray(start, start + message.length))
}

function inChunks(message: Buffer, sizes: readonly number[], memory: Buffer = Buffer.alloc(Math.max(1, ...sizes))): Part {
  const parser = new StructureParser()
  const reused = memory.subarray(0, Math.max(1, ...sizes))
  for (let at = 0, i = 0; at < message.length; i += 1) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    const copied = message.copy(reused, 0, at, at + size)
    parser.push(reused.subarray(0, copied))
    at += copied
  }
  return parser.end()
}

structure('any octets give a valid tree, in any chunks and in memory of either kind the same', () => {
  assert.is(fast.buffer.byteLength, 1_048_576, 'pages of WebAssembly')
  fc.assert(
    fc.property(
      fc.oneof(hostileMessages, multiparts),
      fc.array(fc.integer({min: 1, max: 80}), {minLength: 1, maxLength: 4}),
      fc.nat(20),
      (message, sizes, start) => {
        const root = parseStructure(message)
        assert.equal(faultsOf(message, root), [])
        assert.equal(inChunks(message, sizes), root)
        assert.equal(inCountedMemory(message, start), root)
        assert.equal(inChunks(message, sizes, fast), root)
      },
    ),
    {numRuns: isLong ? 20_000 : 1_500},
  )
})

structure.when(corpusFolder(), 'the corpus is not here')(
  'every message of the corpus gives a valid tree, in any chunks and in memory of either kind the same',
  () => {
    let count = 0
    for (const {name, octets} of corpus()) {
      const root = parseStructure(octets)
      assert.equal(faultsOf(octets, root), [], name)
      if (octets.length < fast.length - 1) assert.equal(inCountedMemory(octets, 1), root, `${name} in memory of the other kind`)
      for (const size of [1, 7, 64]) assert.equal(inChunks(octets, [size]), root, `${name} in chunks of ${size}`)
      count += 1
    }
    assert.ok(count > 100)
  },
)

structure.run()
