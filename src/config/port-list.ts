/** The port lists of `PORT` and `SSLPORT` (`spec/server-config-tls.md` §1.2). */
import {isIP} from 'node:net'
import {BadSyntax} from '../support/fault.js'

/** Where a service listens. */
export interface Endpoint {
  /** undefined: all addresses, IPv6 and IPv4. */
  readonly address: string | undefined
  readonly port: number
}

/** Names of `/etc/services` that mail servers listen on. */
const SERVICES: Record<string, number> = {imap: 143, imap2: 143, imaps: 993, pop3: 110, 'pop-3': 110, pop3s: 995}

function portOf(text: string): number {
  const port = SERVICES[text] ?? (/^\d{1,5}/.test(text) ? Number.parseInt(text, 10) : 0)
  if (port < 1 || port > 65_535) throw new BadSyntax(`Invalid port: ${text}`)
  return port
}

/** An address for one service. `0` and nothing mean all addresses. */
export function addressOf(text: string): string | undefined {
  if (text === '' || text === '0') return undefined
  const address = isIP(text) === 0 ? shortAddress(text) : text
  if (address === undefined) throw new BadSyntax(`Invalid IP address: ${text}`)
  return address
}

/** The short and octal forms of IPv4 that inet_aton(3) reads: `10.1` is 10.0.0.1. */
function shortAddress(text: string): string | undefined {
  const parts = text.split('.')
  if (parts.length > 4 || !parts.every((part) => /^(0x[0-9a-f]{1,8}|0[0-7]*|[1-9]\d{0,9})$/i.test(part))) return undefined
  const numbers = parts.map((part) => (/^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part)))
  const last = numbers.pop() ?? 0
  const value = numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), last)
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/**
 * Reads `port` and `address.port` items separated by commas; `address` is for those without their own.
 *
 * @throws {BadSyntax}
 */
export function readPortList(list: string, address: string | undefined): Endpoint[] {
  const endpoints = list
    .split(',')
    .filter((item) => item !== '')
    .map((item) => {
      const dot = item.lastIndexOf('.')
      if (dot < 0) return {address, port: portOf(item)}
      return {address: addressOf(item.slice(0, dot)) ?? address, port: portOf(item.slice(dot + 1))}
    })
  if (endpoints.length === 0) throw new BadSyntax('No port is given')
  return endpoints
}

/** `address:port` for messages, `*:port` for all addresses. */
export function endpointText({address, port}: Endpoint): string {
  if (address === undefined) return `*:${port}`
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
