import {readPriority} from '../../src/tls/gnutls-priority.js'
import {TlsAcceptor} from '../../src/tls/tls-acceptor.js'
import type {CertifiedKey, TlsMaterial, TlsParameters} from '../../src/tls/tls-material.js'

export interface TestMaterialOptions extends Partial<TlsParameters> {
  readonly trust?: string
  /** More certificates, by suffix. */
  readonly more?: readonly CertifiedKey[]
}

/** Material with one certificate and the default parameters. */
export function testMaterial(
  {keyPem, certificatePem}: {readonly keyPem: string; readonly certificatePem: string},
  {trust, more = [], ...parameters}: TestMaterialOptions = {},
): TlsMaterial {
  const {minVersion, maxVersion, ciphers, groups} = readPriority('')
  return {
    parameters: {minVersion, maxVersion, ciphers, groups, verifyPeer: 'none', alpn: ['imap'], sessionSeconds: 7200, ...parameters},
    certificates: [{suffix: '', cert: certificatePem, key: keyPem}, ...more],
    trust,
    dhParameters: undefined,
    ticketKeys: Buffer.alloc(48, 7).toString('base64'),
  }
}

export function testAcceptor(
  certificate: {readonly keyPem: string; readonly certificatePem: string},
  options?: TestMaterialOptions,
): TlsAcceptor {
  return new TlsAcceptor(testMaterial(certificate, options))
}
