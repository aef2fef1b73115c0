const CARRIAGE_RETURN = 0x0d
const GROUPS = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The octets that a SASL client sent as base64, or undefined when it is not exactly that (RFC 4648 §4).
 *
 * Standard alphabet only, whole groups of four, no white space; one CR at the end is tolerated (`spec/auth.md` §9.4).
 */
export function decodeBase64(encoded: Buffer): Buffer | undefined {
  const line = encoded.at(-1) === CARRIAGE_RETURN ? encoded.subarray(0, -1) : encoded
  const text = line.toString('latin1')
  return GROUPS.test(text) ? Buffer.from(text, 'base64') : undefined
}
