import {generatePrime} from 'node:crypto'
import {forge} from './forge.js'
import {pem} from './self-signed.js'

const {asn1} = forge
const GENERATOR = '\x02'

/**
 * A new safe prime, made on a thread of the runtime's pool: minutes for large ones.
 *
 * It is 23 modulo 24: so 2 generates the subgroup of prime order, and no bit of a secret shows.
 */
export function safePrime(bits: number): Promise<bigint> {
  return new Promise((resolve, reject) => {
    generatePrime(bits, {safe: true, add: 24n, rem: 23n, bigint: true}, (error, prime) => (error ? reject(error) : resolve(prime)))
  })
}

/** `DH PARAMETERS` (PKCS #3 §9) with the generator 2. */
export function dhParametersPem(prime: bigint): string {
  const hex = prime.toString(16)
  const octets = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  const integer = (value: string) => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.INTEGER, false, value)
  // An INTEGER has a sign: a leading 1 bit needs a zero octet before it (X.690 §8.3).
  const positive = `${octets[0]! & 0x80 ? '\0' : ''}${octets.toString('latin1')}`
  const parameters = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [integer(positive), integer(GENERATOR)])
  return pem('DH PARAMETERS', Buffer.from(asn1.toDer(parameters).getBytes(), 'latin1'))
}

export interface FoundDhParameters {
  /** The block, with a line end. */
  readonly pem: string
  readonly bits: number
}

/** The first `DH PARAMETERS` block in a text, which may be a certificate file of old; undefined when there is none that can be read. */
export function findDhParameters(text: string): FoundDhParameters | undefined {
  const block = /-----BEGIN DH PARAMETERS-----([A-Za-z0-9+/=\s]+)-----END DH PARAMETERS-----/.exec(text)
  if (!block) return undefined
  try {
    const der = forge.util.decode64((block[1] ?? '').replace(/\s+/g, ''))
    const prime = asn1.fromDer(der).value[0]
    const octets = typeof prime === 'object' && typeof prime.value === 'string' ? Buffer.from(prime.value, 'latin1') : undefined
    if (!octets || octets.length === 0) return undefined
    return {pem: `${block[0]}\n`, bits: BigInt(`0x${octets.toString('hex')}`).toString(2).length}
  } catch {
    return undefined
  }
}
