/**
 * The PROXY protocol, versions 1 and 2, as bytes: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, and Courier's
 * words for what is wrong (`spec/server-config-tls.md` §1.8).
 */
import {isIPv4, isIPv6} from 'node:net'
import {crc32c} from './crc32c.js'

/** Who the proxy says has connected to what. */
export interface ProxiedAddresses {
  readonly sourceIp: string
  readonly sourcePort: number
  readonly destinationIp: string
  readonly destinationPort: number
}

export type ProxyHeader =
  /** More octets are needed. */
  | {readonly kind: 'more'}
  | {readonly kind: 'bad'; readonly reason: string}
  /** `octets`: length of the header. */
  | {readonly kind: 'proxied'; readonly addresses: ProxiedAddresses; readonly octets: number}
  /** The proxy itself has connected, to see whether we live. */
  | {readonly kind: 'local'; readonly octets: number}

const SIGNATURE_2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** Courier's limit before the line end; the longest header of version 1 has 107. */
const MAX_OCTETS_1 = 254
/** Of the addresses and what comes with them. */
const MAX_OCTETS_2 = 4096
const FIXED_OCTETS_2 = 16
const CRC32C_TYPE = 0x03

function bad(reason: string): ProxyHeader {
  return {kind: 'bad', reason}
}

/** Reads a header from the first octets of a connection. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  const compared = Math.min(octets.length, SIGNATURE_2.length)
  if (octets.length > 0 && octets.subarray(0, compared).equals(SIGNATURE_2.subarray(0, compared))) {
    return octets.length < FIXED_OCTETS_2 ? {kind: 'more'} : readVersion2(octets)
  }
  return readVersion1(octets)
}

function readVersion1(octets: Buffer): ProxyHeader {
  const end = octets.indexOf(0x0a)
  if (end < 0 && octets.length <= MAX_OCTETS_1)
    return octets.length > 0 && !couldBegin(octets) ? bad('missing PROXY statement') : {kind: 'more'}
  if (end < 0 || end > MAX_OCTETS_1) return bad('response too long')
  const line = octets.toString('latin1', 0, end)
  if (/[^\x20-\x7e\r]/.test(line)) return bad(line.startsWith('PROXY ') ? 'malformed PROXY statement' : 'missing PROXY statement')
  const [word, protocol, source, destination, sourcePort, destinationPort] = line.split(/[ \r]+/).filter((token) => token !== '')
  if (word !== 'PROXY') return bad('missing PROXY statement')
  if (
    protocol === undefined ||
    source === undefined ||
    destination === undefined ||
    sourcePort === undefined ||
    destinationPort === undefined
  )
    return bad('malformed PROXY statement')
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return bad(`unknown protocol: ${protocol.slice(0, 40)}`)
  const isAddress = protocol === 'TCP4' ? isIPv4 : isIPv6
  if (!isAddress(source) || !isAddress(destination)) return bad(`cannot parse ${protocol} address`)
  // Courier: does not check ports, 70000 becomes 4464.
  if (!isPort(sourcePort) || !isPort(destinationPort)) return bad('malformed PROXY statement')
  return {
    kind: 'proxied',
    octets: end + 1,
    addresses: {sourceIp: source, sourcePort: Number(sourcePort), destinationIp: destination, destinationPort: Number(destinationPort)},
  }
}

/** A client that speaks without a header is not waited for. */
function couldBegin(octets: Buffer): boolean {
  const begin = Buffer.from('PROXY ', 'latin1')
  const compared = Math.min(octets.length, begin.length)
  return octets.subarray(0, compared).equals(begin.subarray(0, compared))
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535
}

function readVersion2(octets: Buffer): ProxyHeader {
  const length = octets.readUInt16BE(14)
  if (octets[12]! >> 4 !== 2) return bad('unknown protocol: version 2 is expected')
  if (length > MAX_OCTETS_2) return bad('response too long')
  if (octets.length < FIXED_OCTETS_2 + length) return {kind: 'more'}
  const whole = octets.subarray(0, FIXED_OCTETS_2 + length)
  const command = octets[12]! & 0x0f
  if (command > 1) return bad('unknown protocol: neither LOCAL nor PROXY')
  const family = octets[13]!
  const addressOctets = family === 0x11 ? 12 : family === 0x21 ? 36 : undefined
  // LOCAL: whatever the addresses are, they are not used.
  if (command === 0) return {kind: 'local', octets: whole.length}
  if (addressOctets === undefined) return bad(`unknown protocol: 0x${family.toString(16).padStart(2, '0')}`)
  if (length < addressOctets) return bad('malformed PROXY statement')
  const problem = checkExtras(whole, FIXED_OCTETS_2 + addressOctets)
  if (problem !== undefined) return bad(problem)
  const at = (addressOctets - 4) / 2
  const body = whole.subarray(FIXED_OCTETS_2)
  return {
    kind: 'proxied',
    octets: whole.length,
    addresses: {
      sourceIp: addressText(body.subarray(0, at)),
      destinationIp: addressText(body.subarray(at, 2 * at)),
      sourcePort: body.readUInt16BE(2 * at),
      destinationPort: body.readUInt16BE(2 * at + 2),
    },
  }
}

/** What comes behind the addresses: type, length, value. Only the checksum concerns us (§2.2.3). */
function checkExtras(whole: Buffer, begin: number): string | undefined {
  for (let at = begin; at < whole.length; ) {
    if (at + 3 > whole.length) return 'malformed PROXY statement'
    const length = whole.readUInt16BE(at + 1)
    if (at + 3 + length > whole.length) return 'malformed PROXY statement'
    if (whole[at] === CRC32C_TYPE) {
      if (length !== 4) return 'malformed PROXY statement'
      const cleared = Buffer.from(whole)
      cleared.fill(0, at + 3, at + 7)
      if (crc32c(cleared) !== whole.readUInt32BE(at + 3)) return 'wrong checksum'
    }
    at += 3 + length
  }
  return undefined
}

function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.')
  const groups = Array.from({length: 8}, (_, i) => octets.readUInt16BE(2 * i).toString(16))
  const text = groups.join(':')
  // As inet_ntop writes it: the longest run of zero groups is left out.
  const [longest = ''] = (text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? []).sort((a, b) => b.length - a.length)
  if (longest === '') return text
  const where = text.indexOf(longest)
  return `${text.slice(0, where)}::${text.slice(where + longest.length).replace(/^:/, '')}`
}
