import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {countedMemory} from '../../src/message/counted-memory.js'
import {countLineFeeds} from '../../src/message/line-feeds.js'
import {crlfLength, toCrlf, wireRange, writeCrlf} from '../../src/message/to-crlf.js'
import {suite} from '../support/suite.js'

const crlf = suite('CRLF form')

/** One octet after the other. */
function naive(stored: Buffer): Buffer {
  return Buffer.from([...stored].flatMap((octet) => (octet === 0x0a ? [0x0d, 0x0a] : [octet])))
}

const lines = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r\n', '\n\n', '\r', 'x', '\n.\n'), fc.string({maxLength: 200}), fc.constant('\xff\0\xe9')), {
    maxLength: 40,
  })
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'))

/** Longer than what is converted at once. */
const long = fc
  .tuple(lines, fc.integer({min: 1, max: 300}))
  .map(([piece, times]) => Buffer.concat(Array.from({length: times}, () => piece)))

crlf('each LF becomes CRLF and CRs are kept', () => {
  assert.is(toCrlf(Buffer.from('a\nb\r\nc\rd\n\n')).toString(), 'a\r\nb\r\r\nc\rd\r\n\r\n')
})

const fast = countedMemory(1_000_000)

crlf('LF are counted wherever the stretch begins, in memory of either kind', () => {
  assert.is(fast.buffer.byteLength, 1_048_576, 'pages of WebAssembly')
  fc.assert(
    fc.property(long, fc.nat(20), fc.nat(20), (stored, skip, less) => {
      const end = Math.max(skip, stored.length - less)
      const start = Math.min(skip, stored.length)
      const stop = Math.min(end, stored.length)
      const expected = stored.subarray(start, stop).filter((octet) => octet === 0x0a).length
      assert.is(countLineFeeds(stored, start, stop), expected)
      const copied = fast.subarray(less, less + stored.copy(fast, less))
      assert.is(countLineFeeds(copied, start, Math.min(stop, copied.length)), expected)
    }),
    {numRuns: 200},
  )
})

crlf('is the same as octet by octet, from memory of either kind', () => {
  fc.assert(
    fc.property(long, fc.nat(20), (stored, at) => {
      const expected = naive(stored)
      assert.ok(toCrlf(stored).equals(expected))
      assert.is(crlfLength(stored), expected.length)
      const target = Buffer.alloc(expected.length + 3)
      assert.is(writeCrlf(stored, target, 3), expected.length + 3)
      assert.ok(target.subarray(3).equals(expected))
      const from = fast.subarray(at, at + stored.copy(fast, at))
      target.fill(0)
      assert.is(writeCrlf(from, target, 3), expected.length + 3)
      assert.ok(target.subarray(3).equals(expected))
      assert.ok(from.equals(stored), 'what was converted stays as it is')
    }),
    {numRuns: 100},
  )
})

crlf('where WebAssembly cannot be had, ordinary memory gives the same', () => {
  const known = Reflect.getOwnPropertyDescriptor(globalThis, 'WebAssembly') as PropertyDescriptor
  Reflect.deleteProperty(globalThis, 'WebAssembly')
  let plain: Buffer
  try {
    plain = countedMemory(1000)
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', known)
  }
  assert.is(plain.length, 1000)
  assert.is(plain.buffer.byteLength, 1000, 'no pages')
  const stored = plain.subarray(1, 1 + plain.write('a\r\n\n'.repeat(200), 1, 'latin1'))
  const expected = naive(stored)
  assert.is(countLineFeeds(stored), 400)
  const target = Buffer.alloc(expected.length)
  assert.is(writeCrlf(stored, target), expected.length)
  assert.ok(target.equals(expected))
})

crlf('nothing is written behind a target that is too small', () => {
  fast.fill('\n', 0, 100)
  const target = Buffer.alloc(300)
  assert.throws(() => writeCrlf(fast.subarray(0, 100), target.subarray(0, 199)), RangeError)
  assert.is(target[200], 0)
})

crlf('a range on the wire is cut from the stored octets', () => {
  fc.assert(
    fc.property(long, fc.double({min: 0, max: 1.1, noNaN: true}), fc.nat(6000), (stored, place, count) => {
      const wire = naive(stored)
      const start = Math.floor(place * wire.length)
      assert.ok(wireRange(stored, start, count).equals(wire.subarray(start, start + count)))
    }),
    {numRuns: 300},
  )
})

crlf('every range of a short text', () => {
  const stored = Buffer.from('\na\r\n\nb')
  const wire = naive(stored)
  for (let start = 0; start <= wire.length + 1; start += 1) {
    for (let count = 0; count <= wire.length + 1; count += 1) {
      assert.is(wireRange(stored, start, count).toString(), wire.subarray(start, start + count).toString(), `${start} ${count}`)
    }
  }
})

crlf.run()
