import {createHash} from 'node:crypto'
import {md5Compress} from './md5-compress.js'
import {sha1Compress} from './sha1-compress.js'
import {sha256Compress} from './sha256-compress.js'

/** The digests that HMAC contexts are made with, as in the names of their fields (`hmac-md5pw`). */
export type HmacDigest = 'md5' | 'sha1' | 'sha256'

export const BLOCK_OCTETS = 64

/** Inner state before the first block, and the step from one block to the next. */
export const DIGESTS: Record<HmacDigest, {readonly start: string; readonly compress: (state: Buffer, block: Buffer) => Buffer}> = {
  md5: {start: '0123456789abcdeffedcba9876543210', compress: md5Compress},
  sha1: {start: '67452301efcdab8998badcfe10325476c3d2e1f0', compress: sha1Compress},
  sha256: {start: '6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19', compress: sha256Compress},
}

/**
 * The stored form of a password for CRAM (`spec/auth.md` §9.1): the digest's inner state after the outer and after the inner
 * padded key of RFC 2104, in hex. It is as good as the password to somebody who steals it.
 */
export function hmacContext(digest: HmacDigest, password: Buffer): string {
  const {start, compress} = DIGESTS[digest]
  const key = password.length > BLOCK_OCTETS ? createHash(digest).update(password).digest() : password
  const state = (pad: number) => compress(Buffer.from(start, 'hex'), padded(key, pad)).toString('hex')
  return state(0x5c) + state(0x36)
}

function padded(key: Buffer, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK_OCTETS, pad)
  key.forEach((octet, index) => {
    block[index] = octet ^ pad
  })
  return block
}
