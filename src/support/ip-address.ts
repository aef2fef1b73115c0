/** Addresses as numbers and as texts. */
import {isIPv4, isIPv6} from 'node:net'

export interface IpNumber {
  readonly bits: 32 | 128
  readonly value: bigint
}

const MAPPED_PREFIX = 0xffffn
const MAPPED = '::ffff:'

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
}

/** The eight groups, four digits in lower case each; `text` must be an IPv6 address. */
export function ipv6Groups(text: string): string[] {
  const plain = text.replace(/%.*$/, '').toLowerCase()
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  const whole = dotted ? `${dotted[1]}${ipv4Groups(dotted[2] ?? '')}` : plain
  const [head = '', tail] = whole.split('::') as [string, string?]
  const before = head.split(':').filter((group) => group !== '')
  const after = (tail ?? '').split(':').filter((group) => group !== '')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) => group.padStart(4, '0'))
}

function ipv4Groups(text: string): string {
  const value = Number(ipv4Value(text))
  return `${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}`
}

/** The number of an address; that of IPv4 for one that is mapped into IPv6. undefined: it is none. */
export function ipNumber(text: string): IpNumber | undefined {
  if (isIPv4(text)) return {bits: 32, value: ipv4Value(text)}
  if (!isIPv6(text)) return undefined
  const value = BigInt(`0x${ipv6Groups(text).join('')}`)
  if (value >> 32n === MAPPED_PREFIX) return {bits: 32, value: value & 0xffffffffn}
  return {bits: 128, value}
}

/** IPv4 in dotted form, also when it is mapped; IPv6 as it is. */
export function unmapped(ip: string): string {
  if (!ip.startsWith('::')) return ip
  const dotted = ip.slice(MAPPED.length)
  return isIPv4(dotted) && ip.slice(0, MAPPED.length).toLowerCase() === MAPPED ? dotted : ip
}

/** As Courier shows addresses: IPv4 in mapped form (`spec/server-config-tls.md` §1.6). */
export function shownIp(text: string): string {
  return isIPv4(text) ? `${MAPPED}${text}` : text
}

/**
 * The network that one customer usually has: the address itself for IPv4, its /64 for IPv6. A text that is the same for all
 * addresses of that network.
 */
export function customerNetwork(ip: string): string {
  const plain = unmapped(ip)
  return plain.includes(':') && isIPv6(plain) ? `${ipv6Groups(plain).slice(0, 4).join(':')}::/64` : plain
}

/** Addresses, all in the same notation, that are equal in all but the last octet: what `-maxperc` counts. */
export function networkBlock(ip: string): string {
  if (ip.includes('.')) return ip.slice(0, ip.lastIndexOf('.'))
  return isIPv6(ip) ? ipv6Groups(ip).join(':').slice(0, -2) : ip
}
