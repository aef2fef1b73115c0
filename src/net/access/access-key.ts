import {isIPv4} from 'node:net'
import {ipv6Groups, unmapped} from '../../support/ip-address.js'

/** An address as access files write it: dotted, or a colon and eight groups of four digits (`spec/server-config-tls.md` §1.4). */
export function accessAddress(ip: string): string {
  const plain = unmapped(ip)
  return isIPv4(plain) ? plain : `:${ipv6Groups(plain).join(':')}`
}

/** The keys that are looked up for an address, the most specific first; with a port: for a local address. */
export function accessKeys(ip: string, port?: number): string[] {
  const keys: string[] = []
  let key = port === undefined ? accessAddress(ip) : `${accessAddress(ip)}.${port}`
  while (key !== '') {
    keys.push(key)
    const dot = key.lastIndexOf('.')
    key = key.slice(0, Math.max(0, dot >= 0 ? dot : key.lastIndexOf(':')))
  }
  return [...keys, ...(port === undefined ? [] : [`*.${port}`]), '*']
}
