import {timingSafeEqual} from 'node:crypto'
import {BLOCK_OCTETS, DIGESTS, type HmacDigest} from './context.js'

/** Octets of a digest. */
export function digestOctets(digest: HmacDigest): number {
  return DIGESTS[digest].start.length / 2
}

/** Whether the text is a stored context of that digest: hex of exactly two inner states. */
export function isHmacContext(digest: HmacDigest, text: string): boolean {
  return text.length === digestOctets(digest) * 4 && /^[0-9a-fA-F]*$/.test(text)
}

/**
 * HMAC (RFC 2104) of a message under the key that a stored context was made from (`spec/auth.md` §9.3): the digests go on from
 * the stored states, so the password is not needed. The context must be a valid one (`isHmacContext`).
 */
export function hmacFromContext(digest: HmacDigest, context: string, message: Buffer): Buffer {
  const half = digestOctets(digest)
  const states = Buffer.from(context, 'hex')
  const inner = resume(digest, states.subarray(half), message)
  return resume(digest, states.subarray(0, half), inner)
}

/** Compares in a time that tells nothing. */
export function sameDigest(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The digest of a block that led to `state`, followed by `message`. */
function resume(digest: HmacDigest, state: Buffer, message: Buffer): Buffer {
  const {compress} = DIGESTS[digest]
  const padded = finished(digest, message)
  let now = state
  for (let at = 0; at < padded.length; at += BLOCK_OCTETS) now = compress(now, padded.subarray(at, at + BLOCK_OCTETS))
  return now
}

/** The message with the padding and the length in bits that all three digests end with (RFC 1321 §3.1, RFC 6234 §4.1). */
function finished(digest: HmacDigest, message: Buffer): Buffer {
  const blocks = Math.ceil((message.length + 9) / BLOCK_OCTETS)
  const padded = Buffer.alloc(blocks * BLOCK_OCTETS)
  message.copy(padded)
  padded[message.length] = 0x80
  const bits = BigInt(BLOCK_OCTETS + message.length) * 8n
  if (digest === 'md5') padded.writeBigUInt64LE(bits, padded.length - 8)
  else padded.writeBigUInt64BE(bits, padded.length - 8)
  return padded
}
