import {crc32 as zlibCrc32} from 'node:zlib'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {crc32} from '../../src/support/crc32.js'
import {suite} from '../support/suite.js'

const sums = suite('CRC-32')

sums('is that of zlib, whatever the octets, their place and what comes before', () => {
  assert.is(crc32(Buffer.from('123456789')), 0xcbf43926)
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 300}), fc.nat(7), fc.nat(0xffff_ffff), (octets, skipped, before) => {
      const part = Buffer.from(octets.buffer, octets.byteOffset, octets.length).subarray(skipped)
      // Of no octets, zlib forgets what came before.
      fc.pre(part.length > 0)
      assert.is(crc32(part, before), zlibCrc32(part, before))
    }),
  )
})

sums.run()
