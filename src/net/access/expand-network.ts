/** Networks and ranges as the keys of an access file: prefixes at octets (IPv4) or groups of 16 bits (IPv6). */
import {BadSyntax} from '../../support/fault.js'
import {type IpNumber, ipNumber} from '../../support/ip-address.js'

/** A /33 gives 32,768. */
const MAX_KEYS = 200_000

interface Range {
  readonly bits: 32 | 128
  readonly first: bigint
  readonly last: bigint
}

function rangeOf(text: string): Range | undefined {
  const slash = /^([^/-]+)\/(\d{1,3})$/.exec(text)
  const base = slash && ipNumber(slash[1] ?? '')
  if (slash && base) return networkRange(base, Number(slash[2]))
  const [from, to, ...more] = text.split('-').map((part) => ipNumber(part))
  if (!from || !to || more.length > 0 || from.bits !== to.bits || from.value > to.value) return undefined
  return {bits: from.bits, first: from.value, last: to.value}
}

function networkRange({bits, value}: IpNumber, length: number): Range | undefined {
  if (length > bits) return undefined
  const free = BigInt(bits - length)
  const first = (value >> free) << free
  return {bits, first, last: first + (1n << free) - 1n}
}

/** Key of the prefix of `length` bits that begins at `value`. */
function keyOf(bits: 32 | 128, value: bigint, length: number): string {
  if (bits === 32)
    return [24n, 16n, 8n, 0n]
      .slice(0, length / 8)
      .map((shift) => String((value >> shift) & 0xffn))
      .join('.')
  const groups = value.toString(16).padStart(32, '0').match(/.{4}/g) ?? []
  return `:${groups.slice(0, length / 16).join(':')}`
}

/**
 * The keys of a network (`192.168.0.0/22`) or a range (`192.168.0.0-192.168.3.255`).
 *
 * @throws {BadSyntax} when it is none, or would need too many keys
 */
export function expandNetwork(text: string): string[] {
  const range = rangeOf(text)
  if (!range) throw new BadSyntax(`"${text}" is no network and no range of addresses`)
  const {bits, last} = range
  const step = bits === 32 ? 8 : 16
  const keys: string[] = []
  let at = range.first
  while (at <= last) {
    let length: number = bits
    while (length > step && isWhole(at, {last, free: BigInt(bits - length + step)})) length -= step
    keys.push(keyOf(bits, at, length))
    if (keys.length > MAX_KEYS) throw new BadSyntax(`"${text}" needs more than ${MAX_KEYS} keys`)
    at += 1n << BigInt(bits - length)
  }
  return keys
}

/** The block of `free` bits at `at` begins there and ends within the range. */
function isWhole(at: bigint, {last, free}: {readonly last: bigint; readonly free: bigint}): boolean {
  const size = 1n << free
  return at % size === 0n && at + size - 1n <= last
}
