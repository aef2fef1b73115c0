/** The groups of RFC 7919: `p = 2^b - 2^(b-64) + (floor(2^(b-130) * e) + X) * 2^64 - 1`, generator 2. */
import {BadSyntax} from '../support/fault.js'

/** X for each size (RFC 7919 appendix A). */
const FFDHE: Readonly<Record<number, bigint>> = {2048: 560_316n, 3072: 2_625_351n, 4096: 5_736_041n, 6144: 15_705_020n, 8192: 10_965_728n}
/** So that the last digits of `e` that are used are right. */
const GUARD_BITS = 64n

/** `floor(2^bits * e)`. */
function eulerBits(bits: bigint): bigint {
  let term = 1n << (bits + GUARD_BITS)
  let sum = 0n
  for (let n = 1n; term > 0n; n += 1n) {
    sum += term
    term /= n
  }
  return sum >> GUARD_BITS
}

/** The prime of that size. @throws {BadSyntax} when there is no such group */
export function ffdhePrime(bits: number): bigint {
  const x = FFDHE[bits]
  if (x === undefined) throw new BadSyntax(`There are groups of ${Object.keys(FFDHE).join(', ')} bits, not of "${bits}"`)
  const b = BigInt(bits)
  return (1n << b) - (1n << (b - 64n)) + ((eulerBits(b - 130n) + x) << 64n) - 1n
}
