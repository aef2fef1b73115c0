/**
 * A self-signed certificate for a server, as PEM.
 *
 * The key is EC P-256: handshakes cost two thirds of RSA-2048's and keys are made at once (`design.md` §4). node-forge writes the
 * document but knows neither EC keys nor ECDSA, so the key and the signature come from `node:crypto`.
 */
import {createPrivateKey, generateKeyPairSync, randomBytes, sign} from 'node:crypto'
import {isIP} from 'node:net'
import forge from 'node-forge'

const {asn1, pki} = forge
const {SEQUENCE, INTEGER, OID, BITSTRING, UTCTIME, GENERALIZEDTIME} = asn1.Type
const {UNIVERSAL, CONTEXT_SPECIFIC} = asn1.Class
/** ecdsa-with-SHA256 (RFC 5758 §3.2). */
const ECDSA_SHA256 = '1.2.840.10045.4.3.2'
const DAY_MS = 86_400_000

export interface SelfSignedOptions {
  /** Host names and addresses that clients connect to; the first is the common name. */
  readonly names: readonly [string, ...string[]]
  readonly days: number
  readonly now: Date
}

export interface SelfSigned {
  readonly keyPem: string
  readonly certificatePem: string
}

const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(UNIVERSAL, SEQUENCE, true, parts)
const primitive = (type: forge.asn1.Type, octets: string) => asn1.create(UNIVERSAL, type, false, octets)
const versionTag = (version: forge.asn1.Asn1) => asn1.create(CONTEXT_SPECIFIC, 0 as forge.asn1.Type, true, [version])
const algorithm = () => sequence([primitive(OID, asn1.oidToDer(ECDSA_SHA256).getBytes())])

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
function time(date: Date): forge.asn1.Asn1 {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050 ? primitive(UTCTIME, digits.slice(2)) : primitive(GENERALIZEDTIME, digits)
}

function nameAndExtensions(names: readonly string[]): {name: forge.asn1.Asn1; extensions: forge.asn1.Asn1} {
  const certificate = pki.createCertificate()
  certificate.setSubject([{name: 'commonName', value: names[0] ?? ''}])
  certificate.setExtensions([
    {name: 'basicConstraints', cA: false, critical: true},
    {name: 'keyUsage', digitalSignature: true, critical: true},
    {name: 'extKeyUsage', serverAuth: true},
    {name: 'subjectAltName', altNames: names.map((each) => (isIP(each) ? {type: 7, ip: each} : {type: 2, value: each}))},
  ])
  // Its type declarations leave this function out. It gives the `[3]` of TBSCertificate, whole.
  const {certificateExtensionsToAsn1} = pki as typeof pki & {certificateExtensionsToAsn1(list: unknown[]): forge.asn1.Asn1}
  return {name: pki.distinguishedNameToAsn1(certificate.subject), extensions: certificateExtensionsToAsn1(certificate.extensions)}
}

function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}

/** Makes a new key and its certificate. */
export function makeSelfSigned({names, days, now}: SelfSignedOptions): SelfSigned {
  const keys = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: {type: 'spki', format: 'der'},
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
  })
  const {name, extensions} = nameAndExtensions(names)
  // Positive and 127 bits at most (RFC 5280 §4.1.2.2).
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x3f) | 0x40
  const toBeSigned = sequence([
    versionTag(primitive(INTEGER, '\x02')),
    primitive(INTEGER, serial.toString('latin1')),
    algorithm(),
    name,
    sequence([time(new Date(now.getTime() - DAY_MS)), time(new Date(now.getTime() + days * DAY_MS))]),
    name,
    asn1.fromDer(keys.publicKey.toString('latin1')),
    extensions,
  ])
  const octets = Buffer.from(asn1.toDer(toBeSigned).getBytes(), 'latin1')
  const signature = sign('sha256', octets, createPrivateKey(keys.privateKey))
  const certificate = sequence([toBeSigned, algorithm(), primitive(BITSTRING, `\0${signature.toString('latin1')}`)])
  return {
    keyPem: keys.privateKey,
    certificatePem: pem('CERTIFICATE', Buffer.from(asn1.toDer(certificate).getBytes(), 'latin1')),
  }
}
