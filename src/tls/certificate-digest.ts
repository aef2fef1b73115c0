import {derElementAt} from './der.js'

/** Digests of signature algorithms by their object identifiers in hex (RFC 4055, RFC 5758). */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a864886f70d01010e', 'sha224'],
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
  // MD5 and SHA-1 stand for SHA-256 here (RFC 5929 §4.1).
  ['2a864886f70d010104', 'sha256'],
  ['2a864886f70d010105', 'sha256'],
  ['2a8648ce3d0401', 'sha256'],
])

/**
 * The digest for channel binding to the server's certificate: that of its signature (RFC 5929 §4.1). Undefined for signatures
 * without one (Ed25519) or with one in their parameters (RSASSA-PSS): such a certificate is not bound to.
 */
export function certificateDigest(der: Buffer): string | undefined {
  const certificate = derElementAt(der, 0)
  const signed = certificate && derElementAt(der, certificate.begin)
  const algorithm = signed && derElementAt(der, signed.end)
  const identifier = algorithm && derElementAt(der, algorithm.begin)
  return identifier && DIGESTS.get(der.subarray(identifier.begin, identifier.end).toString('hex'))
}
