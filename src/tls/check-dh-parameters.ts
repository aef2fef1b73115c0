import {createSecureContext} from 'node:tls'
import {Fault} from '../support/fault.js'
import {derElementAt} from './der.js'

/** Bits of the prime of `DH PARAMETERS` (PKCS #3 §9). @throws when it is something else */
function primeBits(pem: string): number {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
  const parameters = derElementAt(der, 0)
  const prime = parameters && derElementAt(der, parameters.begin)
  const hex = der
    .subarray(prime?.begin, prime?.end ?? 0)
    .toString('hex')
    .replace(/^0+/, '')
  return hex === '' ? 0 : BigInt(`0x${hex}`).toString(2).length
}

/**
 * The block `DH PARAMETERS` of a file.
 *
 * @throws {Fault} `bad-configuration` when there is none that can be used
 */
export function checkDhParameters(text: string, {path, minDhBits}: {readonly path: string; readonly minDhBits: number}): string {
  const pem = /-----BEGIN DH PARAMETERS-----[^-]+-----END DH PARAMETERS-----/.exec(text)?.[0]
  if (pem === undefined) throw new Fault('bad-configuration', `TLS_DHPARAMS: There are no DH parameters in "${path}"`)
  let bits: number
  try {
    bits = primeBits(pem)
    createSecureContext({dhparam: pem, ca: []})
  } catch (error) {
    throw new Fault('bad-configuration', `TLS_DHPARAMS: The DH parameters in "${path}" cannot be used`, {cause: error})
  }
  if (bits < minDhBits)
    throw new Fault(
      'bad-configuration',
      `TLS_DHPARAMS: The prime in "${path}" has ${bits} bits, fewer than ${minDhBits}: make a new one with courier mkdhparams`,
    )
  return pem
}
