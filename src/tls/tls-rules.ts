/** What the configuration says about TLS on one port. */
import {readFile} from 'node:fs/promises'
import {createSecureContext} from 'node:tls'
import {IMAPD_SSL, type TlsVersion} from '../config/imapd-ssl-options.js'
import type {Settings} from '../config/settings.js'
import {Fault} from '../support/fault.js'
import type {CertificateFiles} from './load-certificate.js'
import type {PeerVerification} from './tls-acceptor.js'

export interface TlsRules {
  readonly files: CertificateFiles
  readonly minVersion: TlsVersion
  /** OpenSSL's text; undefined: Node's choice. */
  readonly ciphers: string | undefined
  /** PEM of the authorities for client certificates. */
  readonly trust: string | undefined
  readonly dhparam: string | undefined
  readonly verifyPeer: PeerVerification
  readonly alpn: readonly string[]
}

export interface TlsRulesResult {
  readonly rules: TlsRules
  /** For the log: what was not taken as it stands. */
  readonly warnings: readonly string[]
}

function accepts(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext(options)
    return true
  } catch {
    return false
  }
}

async function trustOf(path: string | undefined): Promise<string> {
  if (!path) throw new Fault('bad-configuration', 'TLS_VERIFYPEER asks for client certificates, but TLS_TRUSTCERTS is not set')
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    throw new Fault('bad-configuration', `TLS_TRUSTCERTS: "${path}" cannot be read as a file of certificates`, {cause: error})
  }
}

/**
 * Reads the rules; `startTls`: for the plain port.
 *
 * @throws {Fault} `bad-configuration`
 */
export async function readTlsRules(settings: Settings, {startTls}: {readonly startTls: boolean}): Promise<TlsRulesResult> {
  const warnings: string[] = []
  const certificate = settings.get(IMAPD_SSL.TLS_CERTFILE)
  if (!certificate) throw new Fault('bad-configuration', 'TLS_CERTFILE is not set: there is no certificate')
  const protocol = settings.textOf('TLS_PROTOCOL') ?? ''
  if (protocol !== '' && !/^TLSv1\.[23]\+{0,2}$/.test(protocol)) warnings.push(`TLS_PROTOCOL "${protocol}" means TLS 1.2 or newer here`)
  const ciphers = settings.get(IMAPD_SSL.TLS_CIPHER_LIST) || undefined
  // Courier: an invalid list leaves only TLS 1.3, without a word.
  const usable = ciphers !== undefined && accepts({ciphers})
  if (ciphers !== undefined && !usable) warnings.push(`TLS_CIPHER_LIST "${ciphers}" names no cipher that is known; the default is used`)
  const verifyPeer = settings.get(IMAPD_SSL.TLS_VERIFYPEER)
  const dhPath = settings.get(IMAPD_SSL.TLS_DHPARAMS)
  const dhparam = dhPath ? await readFile(dhPath, 'latin1').catch(() => undefined) : undefined
  return {
    rules: {
      files: {certificate, key: settings.get(IMAPD_SSL.TLS_PRIVATE_KEYFILE) || undefined},
      minVersion: (startTls ? settings.get(IMAPD_SSL.TLS_STARTTLS_PROTOCOL) : undefined) ?? settings.get(IMAPD_SSL.TLS_PROTOCOL),
      ciphers: usable ? ciphers : undefined,
      trust: verifyPeer === 'none' ? undefined : await trustOf(settings.get(IMAPD_SSL.TLS_TRUSTCERTS)),
      dhparam: dhparam !== undefined && accepts({dhparam}) ? dhparam : undefined,
      verifyPeer,
      alpn: settings.get(IMAPD_SSL.TLS_ALPN),
    },
    warnings,
  }
}
