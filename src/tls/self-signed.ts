/**
 * A self-signed certificate for a server, as PEM.
 *
 * The key is EC P-256 unless RSA is asked for: handshakes cost two thirds of RSA-2048's and keys are made at once (`design.md` §4). node-forge writes the
 * document but knows neither EC keys nor ECDSA, so the key and the signature come from `node:crypto`.
 */
import {createPrivateKey, generateKeyPairSync, randomBytes, sign} from 'node:crypto'
import {isIP} from 'node:net'
import {forge} from './forge.js'

const {asn1, pki} = forge
const {SEQUENCE, INTEGER, OID, BITSTRING, NULL, UTCTIME, GENERALIZEDTIME, UTF8, PRINTABLESTRING, IA5STRING} = asn1.Type
const {UNIVERSAL, CONTEXT_SPECIFIC} = asn1.Class
/** ecdsa-with-SHA256 (RFC 5758 §3.2). */
const ECDSA_SHA256 = '1.2.840.10045.4.3.2'
/** sha256WithRSAEncryption (RFC 4055 §5). */
const RSA_SHA256 = '1.2.840.113549.1.1.11'
const SPKI = {type: 'spki', format: 'der'} as const
const PKCS8 = {type: 'pkcs8', format: 'pem'} as const
const DAY_MS = 86_400_000

/** Attributes of a certificate's subject besides the common name, in the order they are written. */
export type SubjectAttribute = 'C' | 'ST' | 'L' | 'O' | 'OU' | 'E'
export type Subject = Readonly<Partial<Record<SubjectAttribute, string>>>
const SUBJECT_ORDER: readonly SubjectAttribute[] = ['C', 'ST', 'L', 'O', 'OU']

export interface SelfSignedOptions {
  /** Host names and addresses that clients connect to; the first is the common name. */
  readonly names: readonly [string, ...string[]]
  readonly days: number
  readonly now: Date
  readonly subject?: Subject
  /** Size of an RSA key, for clients that cannot do elliptic curves. */
  readonly rsaBits?: number | undefined
}

export interface SelfSigned {
  readonly keyPem: string
  readonly certificatePem: string
}

const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(UNIVERSAL, SEQUENCE, true, parts)
const primitive = (type: forge.asn1.Type, octets: string) => asn1.create(UNIVERSAL, type, false, octets)
const versionTag = (version: forge.asn1.Asn1) => asn1.create(CONTEXT_SPECIFIC, 0 as forge.asn1.Type, true, [version])
/** RSA has NULL parameters (RFC 4055 §5), ECDSA none (RFC 5758 §3.2). */
const algorithm = (rsa: boolean) =>
  sequence([primitive(OID, asn1.oidToDer(rsa ? RSA_SHA256 : ECDSA_SHA256).getBytes()), ...(rsa ? [primitive(NULL, '')] : [])])

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
function time(date: Date): forge.asn1.Asn1 {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050 ? primitive(UTCTIME, digits.slice(2)) : primitive(GENERALIZEDTIME, digits)
}

function attributes(commonName: string, subject: Subject): forge.pki.CertificateField[] {
  const field = (shortName: string, value: string): forge.pki.CertificateField => {
    const kind = shortName === 'C' ? PRINTABLESTRING : shortName === 'E' ? IA5STRING : UTF8
    // Its type declarations take the kind of string for a class.
    return {shortName, value, valueTagClass: kind as unknown as forge.asn1.Class}
  }
  const given = (name: SubjectAttribute) => (subject[name] ? [field(name, subject[name])] : [])
  return [...SUBJECT_ORDER.flatMap(given), field('CN', commonName), ...given('E')]
}

function nameAndExtensions(names: readonly string[], subject: Subject, rsa: boolean): {name: forge.asn1.Asn1; extensions: forge.asn1.Asn1} {
  const certificate = pki.createCertificate()
  certificate.setSubject(attributes(names[0] ?? '', subject))
  certificate.setExtensions([
    {name: 'basicConstraints', cA: false, critical: true},
    {name: 'keyUsage', digitalSignature: true, keyEncipherment: rsa, critical: true},
    {name: 'extKeyUsage', serverAuth: true},
    {name: 'subjectAltName', altNames: names.map((each) => (isIP(each) ? {type: 7, ip: each} : {type: 2, value: each}))},
  ])
  // Its type declarations leave this function out. It gives the `[3]` of TBSCertificate, whole.
  const {certificateExtensionsToAsn1} = pki as typeof pki & {certificateExtensionsToAsn1(list: unknown[]): forge.asn1.Asn1}
  return {name: pki.distinguishedNameToAsn1(certificate.subject), extensions: certificateExtensionsToAsn1(certificate.extensions)}
}

/** A PEM block (RFC 7468). */
export function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}

/** Makes a new key and its certificate. */
export function makeSelfSigned({names, days, now, subject = {}, rsaBits}: SelfSignedOptions): SelfSigned {
  const rsa = rsaBits !== undefined
  const keys = rsa
    ? generateKeyPairSync('rsa', {modulusLength: rsaBits, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8})
    : generateKeyPairSync('ec', {namedCurve: 'P-256', publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8})
  const {name, extensions} = nameAndExtensions(names, subject, rsa)
  // Positive and 127 bits at most (RFC 5280 §4.1.2.2).
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x3f) | 0x40
  const toBeSigned = sequence([
    versionTag(primitive(INTEGER, '\x02')),
    primitive(INTEGER, serial.toString('latin1')),
    algorithm(rsa),
    name,
    sequence([time(new Date(now.getTime() - DAY_MS)), time(new Date(now.getTime() + days * DAY_MS))]),
    name,
    asn1.fromDer(keys.publicKey.toString('latin1')),
    extensions,
  ])
  const octets = Buffer.from(asn1.toDer(toBeSigned).getBytes(), 'latin1')
  const signature = sign('sha256', octets, createPrivateKey(keys.privateKey))
  const certificate = sequence([toBeSigned, algorithm(rsa), primitive(BITSTRING, `\0${signature.toString('latin1')}`)])
  return {
    keyPem: keys.privateKey,
    certificatePem: pem('CERTIFICATE', Buffer.from(asn1.toDer(certificate).getBytes(), 'latin1')),
  }
}
