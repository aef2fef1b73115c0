/**
 * All that TLS on a port needs, as plain data: whoever may read keys makes it (`TlsMaterialSource`), whoever does the handshakes
 * uses it (`TlsAcceptor`). It can be sent from one process to another as it is.
 */
import type {TlsVersion} from '../config/imapd-ssl-options.js'

/** Whether clients are asked for a certificate (`spec/server-config-tls.md` §5.5). */
export type PeerVerification = 'none' | 'peer' | 'require-peer'

/** What is agreed with clients. */
export interface TlsParameters {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** OpenSSL's cipher list, with the suites of TLS 1.3. */
  readonly ciphers: string
  /** Groups of the key exchange in OpenSSL's words. */
  readonly groups: string
  readonly verifyPeer: PeerVerification
  /** Protocol names for ALPN; none: ALPN is ignored. */
  readonly alpn: readonly string[]
  /** How long a session can be resumed, in seconds. */
  readonly sessionSeconds: number
}

/** A certificate with its chain, and its key. PEM. */
export interface CertifiedKey {
  /** `TLS_CERTFILE.<suffix>`: a host name in lower case or an address of ours; empty for `TLS_CERTFILE` itself. */
  readonly suffix: string
  readonly cert: string
  readonly key: string
}

export interface TlsMaterial {
  readonly parameters: TlsParameters
  readonly certificates: readonly CertifiedKey[]
  /** PEM of the authorities for client certificates. */
  readonly trust: string | undefined
  /** PEM. */
  readonly dhParameters: string | undefined
  /** 48 random octets for session tickets, base64: kept over reloads and shared by all who serve the port, so that sessions resume (`TicketKeys`). */
  readonly ticketKeys: string
}

/** Most labels of a name that are looked for: more are no host name. */
const MAX_LABELS = 32

/**
 * The suffixes that a server name may select, best first: itself, then its parents, as GnuTLS builds of Courier have it
 * (`spec/server-config-tls.md` §5.3).
 */
export function suffixesFor(serverName: string): string[] {
  const name = serverName.toLowerCase().replace(/\.$/, '').replaceAll('/', '.')
  const labels = name.split('.')
  if (labels.length > MAX_LABELS || labels.some((label) => label === '')) return []
  return labels.map((_, first) => labels.slice(first).join('.'))
}

/** The suffix of an address as Courier names files: IPv4 without `::ffff:`. */
export function addressSuffix(ip: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice('::ffff:'.length) : ip.toLowerCase()
}
