import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {ByteQueue} from '../../src/wire/byte-queue.js'
import {suite} from '../support/suite.js'

const queue = suite('Byte queue')

const octets = fc.uint8Array({maxLength: 30}).map((bytes) => Buffer.from(bytes.map((byte) => (byte < 40 ? 10 : byte < 60 ? 13 : byte))))

/** The lines of a text and what is left, the simple way. */
function linesOf(text: string): {lines: string[]; rest: string} {
  const parts = text.split('\n')
  const rest = parts.pop() ?? ''
  return {lines: parts.map((part) => (part.endsWith('\r') ? part.slice(0, -1) : part)), rest}
}

queue('gives the same lines however the octets come', () => {
  fc.assert(
    fc.property(fc.array(octets), (chunks) => {
      const bytes = new ByteQueue()
      const lines: Buffer[] = []
      for (const chunk of chunks) {
        bytes.push(chunk)
        for (let line = bytes.takeLine(); line; line = bytes.takeLine()) lines.push(line)
      }
      const expected = linesOf(Buffer.concat(chunks).toString('latin1'))
      assert.equal(
        lines.map((line) => line.toString('latin1')),
        expected.lines,
      )
      assert.is(bytes.take(1000).toString('latin1'), expected.rest)
      assert.is(bytes.length, 0)
    }),
  )
})

queue('lines and stretches can be taken in turns', () => {
  const bytes = new ByteQueue()
  bytes.push(Buffer.from('a {3}\r\nxyz b\r'))
  assert.is(bytes.takeLine()?.toString(), 'a {3}')
  assert.is(bytes.take(2).toString(), 'xy')
  bytes.push(Buffer.from('\nc\n'))
  assert.is(bytes.take(1).toString(), 'z')
  assert.is(bytes.takeLine()?.toString(), ' b')
  assert.is(bytes.takeLine()?.toString(), 'c')
  assert.is(bytes.takeLine(), undefined)
})

queue('octets that come one by one cost linear time', () => {
  const bytes = new ByteQueue()
  const began = performance.now()
  for (let i = 0; i < 300_000; i++) {
    bytes.push(Buffer.from([0x61]))
    assert.is(bytes.takeLine(), undefined)
  }
  assert.ok(performance.now() - began < 5_000)
  assert.is(bytes.length, 300_000)
})

queue.run()
