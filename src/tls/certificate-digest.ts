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
  const certificate = elementAt(der, 0)
  const signed = certificate && elementAt(der, certificate.begin)
  const algorithm = signed && elementAt(der, signed.end)
  const identifier = algorithm && elementAt(der, algorithm.begin)
  return identifier && DIGESTS.get(der.subarray(identifier.begin, identifier.end).toString('hex'))
}

/** Where the contents of the DER element at `at` begin and end (X.690 §8.1). */
function elementAt(der: Buffer, at: number): {readonly begin: number; readonly end: number} | undefined {
  const first = der[at + 1]
  if (first === undefined) return undefined
  const more = first < 0x80 ? 0 : first & 0x7f
  const begin = at + 2 + more
  if (more > 4 || begin > der.length) return undefined
  const length = more === 0 ? first : der.readUIntBE(at + 2, more)
  return begin + length <= der.length ? {begin, end: begin + length} : undefined
}
