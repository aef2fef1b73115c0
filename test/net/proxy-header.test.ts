import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {crc32c} from '../../src/net/crc32c.js'
import {readProxyHeader} from '../../src/net/proxy-header.js'
import {suite} from '../support/suite.js'

const proxy = suite('PROXY header')

const V1 = 'PROXY TCP4 203.0.113.9 198.51.100.1 41000 143\r\n'
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2. */
export function version2(options: {command?: number; family?: number; body?: Buffer; length?: number; version?: number} = {}): Buffer {
  const {command = 1, family = 0x11, version = 2, body = Buffer.from('cb007109c6336401a028008f', 'hex')} = options
  const fixed = Buffer.from([(version << 4) | command, family, 0, 0])
  fixed.writeUInt16BE(options.length ?? body.length, 2)
  return Buffer.concat([SIGNATURE, fixed, body])
}

const ADDRESSES = {sourceIp: '203.0.113.9', sourcePort: 41_000, destinationIp: '198.51.100.1', destinationPort: 143}

proxy('version 1 is read up to its line end, however the octets come (example 26)', () => {
  const octets = Buffer.from(`${V1}a NOOP\r\n`)
  assert.equal(readProxyHeader(octets), {kind: 'proxied', octets: V1.length, addresses: ADDRESSES})
  for (let length = 0; length < V1.length; length += 1) assert.is(readProxyHeader(octets.subarray(0, length)).kind, 'more', `${length}`)
})

proxy('version 1 over IPv6, with blanks and tokens behind it', () => {
  const header = readProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1 65535  more\n'))
  assert.equal(header.kind === 'proxied' && header.addresses, {
    sourceIp: '2001:db8::1',
    destinationIp: '2001:db8::2',
    sourcePort: 1,
    destinationPort: 65_535,
  })
})

for (const [text, reason] of [
  ['a NOOP\r\n', 'missing PROXY statement'],
  ['a', 'missing PROXY statement'],
  ['\r\nx', 'missing PROXY statement'],
  ['proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n', 'missing PROXY statement'],
  ['PROXYTCP4 1.2.3.4 1.2.3.4 1 1\r\n', 'missing PROXY statement'],
  ['PROXY UNKNOWN\r\n', 'malformed PROXY statement'],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', 'malformed PROXY statement'],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 70000 1\r\n', 'malformed PROXY statement'],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n', 'malformed PROXY statement'],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 1 1\0\r\n', 'malformed PROXY statement'],
  ['PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n', 'unknown protocol: UDP4'],
  ['PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n', 'cannot parse TCP4 address'],
  ['PROXY TCP4 ::1 ::1 1 1\r\n', 'cannot parse TCP4 address'],
  ['PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n', 'cannot parse TCP6 address'],
  [`PROXY TCP4 ${'1'.repeat(250)}`, 'response too long'],
  [`PROXY TCP4 ${'1'.repeat(250)}\r\n`, 'response too long'],
  ['\x16\x03\x01\x02\x00', 'missing PROXY statement'],
] as const) {
  proxy(`${JSON.stringify(text.slice(0, 50))}: ${reason}`, () => {
    assert.equal(readProxyHeader(Buffer.from(text, 'latin1')), {kind: 'bad', reason})
  })
}

proxy('version 2 over IPv4 and IPv6, at every split', () => {
  const octets = Buffer.concat([version2(), Buffer.from('a NOOP\r\n')])
  assert.equal(readProxyHeader(octets), {kind: 'proxied', octets: 28, addresses: ADDRESSES})
  for (let length = 0; length < 28; length += 1) assert.is(readProxyHeader(octets.subarray(0, length)).kind, 'more', `${length}`)
  const body = Buffer.from('20010db8000000000000000000000001' + 'fe800000000000010002000300040005' + '03e803e1', 'hex')
  const six = readProxyHeader(version2({family: 0x21, body}))
  assert.equal(six.kind === 'proxied' && six.addresses, {
    sourceIp: '2001:db8::1',
    destinationIp: 'fe80::1:2:3:4:5',
    sourcePort: 1000,
    destinationPort: 993,
  })
})

proxy('version 2 LOCAL is the proxy itself', () => {
  assert.equal(readProxyHeader(version2({command: 0, family: 0, body: Buffer.alloc(0)})), {kind: 'local', octets: 16})
})

proxy('version 2: a checksum is checked, other extras are passed over', () => {
  const extra = Buffer.from('020003616263' + '03000400000000', 'hex')
  const header = version2({body: Buffer.concat([version2().subarray(16), extra])})
  header.writeUInt32BE(crc32c(header), header.length - 4)
  assert.is(readProxyHeader(header).kind, 'proxied')
  header[header.length - 1]! ^= 1
  assert.equal(readProxyHeader(header), {kind: 'bad', reason: 'wrong checksum'})
  assert.is(crc32c(Buffer.from('123456789')), 0xe3069283)
})

for (const [name, octets, reason] of [
  ['another version', version2({version: 3}), 'unknown protocol: version 2 is expected'],
  ['an unknown command', version2({command: 2}), 'unknown protocol: neither LOCAL nor PROXY'],
  ['UDP', version2({family: 0x12}), 'unknown protocol: 0x12'],
  ['a Unix socket', version2({family: 0x31, body: Buffer.alloc(216)}), 'unknown protocol: 0x31'],
  ['no room for the addresses', version2({body: Buffer.alloc(11)}), 'malformed PROXY statement'],
  [
    'an extra that is cut',
    version2({body: Buffer.concat([version2().subarray(16), Buffer.from('0200ff61', 'hex')])}),
    'malformed PROXY statement',
  ],
  ['endless extras', version2({length: 65_535}), 'response too long'],
] as const) {
  proxy(`version 2 with ${name}: ${reason}`, () => {
    assert.equal(readProxyHeader(octets), {kind: 'bad', reason})
  })
}

proxy('any octets give an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 400}), (octets) =>
      ['more', 'bad', 'proxied', 'local'].includes(readProxyHeader(Buffer.from(octets)).kind),
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 300}), (octets) =>
      ['more', 'bad', 'proxied', 'local'].includes(readProxyHeader(Buffer.concat([SIGNATURE, Buffer.from(octets)])).kind),
    ),
  )
})

proxy.run()
