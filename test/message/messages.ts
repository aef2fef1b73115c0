import fc from 'fast-check'
import type {Part, Stretch} from '../../src/message/structure.js'

/** Lines that make much of a MIME parser's work. */
const LINES = [
  '',
  '--o',
  '--o--',
  '--oi',
  '--oi--',
  '--',
  '-',
  'x',
  ' y',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=o',
  'Content-Type: multipart/alternative; boundary="oi"',
  'Content-Type: multipart/digest; boundary=O',
  'Content-Type: multipart/mixed',
  'Content-Type: message/rfc822',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: 8bit',
  'Subject: s',
  'Subject: \xe9',
  'From: "a b" <c@d>, e: f@g;',
]

/** Messages of such lines, with LF and CRLF, and with arbitrary octets between. */
export const hostileMessages: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      {weight: 6, arbitrary: fc.constantFrom(...LINES).map((line) => `${line}\n`)},
      {weight: 3, arbitrary: fc.constantFrom(...LINES).map((line) => `${line}\r\n`)},
      {weight: 1, arbitrary: fc.constantFrom(...LINES)},
      {weight: 1, arbitrary: fc.uint8Array({maxLength: 6}).map((octets) => Buffer.from(octets).toString('latin1'))},
    ),
    {maxLength: 60},
  )
  .map((lines) => Buffer.from(lines.join(''), 'latin1'))

/** The same, all of them multiparts. */
export const multiparts: fc.Arbitrary<Buffer> = hostileMessages.map((rest) =>
  Buffer.concat([Buffer.from('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n'), rest]),
)

function lineFeedsIn(message: Buffer, {start, end}: Stretch): number {
  return message.subarray(start, end).filter((octet) => octet === 0x0a).length
}

/** What is wrong with a tree: nothing for a valid one. */
export function faultsOf(message: Buffer, root: Part): string[] {
  const faults: string[] = []
  const check = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault)
  }
  const visit = (part: Part, within: Stretch, path: string): void => {
    const {header, body} = part
    check(header.start <= header.end && header.end === body.start && body.start <= body.end, `${path}: order`)
    check(header.start >= within.start && body.end <= within.end, `${path}: outside its parent`)
    check(lineFeedsIn(message, header) === header.lineFeeds, `${path}: LF of the header`)
    check(lineFeedsIn(message, body) === body.lineFeeds, `${path}: LF of the body`)
    check(part.children.length === 0 || part.type === 'multipart', `${path}: children of ${part.type}`)
    check(!part.message || part.type === 'message', `${path}: message in ${part.type}`)
    check(part.type !== 'message' || !/^(rfc822|global)$/.test(part.subtype) || !!part.message, `${path}: empty message`)
    let last = body.start
    part.children.forEach((child, i) => {
      check(child.header.start >= last, `${path}.${i + 1}: overlaps`)
      last = child.body.end
      visit(child, body, `${path}.${i + 1}`)
    })
    if (part.message) {
      check(part.message.header.start === body.start && part.message.body.end === body.end, `${path}: message is not the body`)
      check(!!part.message.envelope, `${path}: no envelope`)
      visit(part.message, body, `${path}m`)
    }
  }
  check(root.header.start === 0 && root.body.end === message.length, 'root: not the whole')
  check(!!root.envelope, 'root: no envelope')
  visit(root, {start: 0, end: message.length, lineFeeds: 0}, 'root')
  return faults
}
