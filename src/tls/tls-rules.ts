/** What the configuration says about TLS on one port. */
import {createSecureContext} from 'node:tls'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Settings} from '../config/settings.js'
import {Fault} from '../support/fault.js'
import {type Priority, readPriority} from './gnutls-priority.js'
import type {TlsFiles} from './load-material.js'
import type {PeerVerification, TlsParameters} from './tls-material.js'

export interface TlsRules {
  readonly files: TlsFiles
  readonly parameters: TlsParameters
}

export interface TlsRulesResult {
  readonly rules: TlsRules
  /** For the log: what was not taken as it stands. */
  readonly warnings: readonly string[]
}

function accepts(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext({...options, ca: []})
    return true
  } catch {
    return false
  }
}

function priorityOf(settings: Settings, warnings: string[]): Priority {
  const text = settings.get(IMAPD_SSL.TLS_PRIORITY) ?? ''
  const priority = readPriority(text)
  const {unknown, empty} = priority
  if (unknown.length > 0) warnings.push(`TLS_PRIORITY: ${unknown.map((word) => `"${word}"`).join(', ')} is not known and left out`)
  if (empty !== undefined) warnings.push(`TLS_PRIORITY "${text}" ${empty}; the default is used`)
  return priority
}

/** The suites of TLS 1.3 cannot be named in `TLS_CIPHER_LIST`: they stay those of the priority. */
function ciphersOf(settings: Settings, {priority, warnings}: {readonly priority: Priority; readonly warnings: string[]}): string {
  const list = settings.get(IMAPD_SSL.TLS_CIPHER_LIST)
  if (!list) return priority.ciphers
  if (accepts({ciphers: list, minVersion: 'TLSv1.2'})) {
    const suites = priority.ciphers.split(':').filter((name) => name.startsWith('TLS_'))
    return [...suites, list].join(':')
  }
  // Courier: an invalid list leaves only TLS 1.3, without a word.
  warnings.push(`TLS_CIPHER_LIST "${list}" names no cipher that is known; the default is used`)
  return priority.ciphers
}

/** `TLS_PROTOCOL` decides when it is set, else the priority string. */
function versionsOf(
  settings: Settings,
  {priority, startTls, warnings}: {readonly priority: Priority; readonly startTls: boolean; readonly warnings: string[]},
): Pick<TlsParameters, 'minVersion' | 'maxVersion'> {
  const protocol = settings.textOf('TLS_PROTOCOL') ?? ''
  if (protocol !== '' && !/^TLSv1\.[23]\+{0,2}$/.test(protocol)) warnings.push(`TLS_PROTOCOL "${protocol}" means TLS 1.2 or newer here`)
  const named = startTls ? settings.get(IMAPD_SSL.TLS_STARTTLS_PROTOCOL) : undefined
  if (named !== undefined) return {minVersion: named, maxVersion: 'TLSv1.3'}
  if (protocol !== '') return {minVersion: settings.get(IMAPD_SSL.TLS_PROTOCOL), maxVersion: 'TLSv1.3'}
  return {minVersion: priority.minVersion, maxVersion: priority.maxVersion}
}

interface Trust {
  readonly verifyPeer: PeerVerification
  readonly path: string | undefined
}

/** @throws {Fault} `bad-configuration` when every client would be refused */
function trustOf(settings: Settings, warnings: string[]): Trust {
  const verifyPeer = settings.get(IMAPD_SSL.TLS_VERIFYPEER)
  const path = settings.get(IMAPD_SSL.TLS_TRUSTCERTS) || undefined
  if (verifyPeer === 'none') return {verifyPeer, path: undefined}
  if (path !== undefined) return {verifyPeer, path}
  if (verifyPeer === 'require-peer')
    throw new Fault('bad-configuration', 'TLS_VERIFYPEER asks for client certificates, but TLS_TRUSTCERTS is not set')
  warnings.push('TLS_VERIFYPEER is PEER, but TLS_TRUSTCERTS is not set: clients are not asked for certificates')
  return {verifyPeer: 'none', path: undefined}
}

/**
 * Reads the rules; `startTls`: for the plain port.
 *
 * @throws {Fault} `bad-configuration`
 */
export function readTlsRules(settings: Settings, {startTls}: {readonly startTls: boolean}): TlsRulesResult {
  const warnings: string[] = []
  const certificate = settings.get(IMAPD_SSL.TLS_CERTFILE)
  if (!certificate) throw new Fault('bad-configuration', 'TLS_CERTFILE is not set: there is no certificate')
  const priority = priorityOf(settings, warnings)
  const trust = trustOf(settings, warnings)
  return {
    rules: {
      files: {
        certificate,
        key: settings.get(IMAPD_SSL.TLS_PRIVATE_KEYFILE) || undefined,
        trust: trust.path,
        dhParameters: settings.get(IMAPD_SSL.TLS_DHPARAMS) || undefined,
        minDhBits: settings.get(IMAPD_SSL.TLS_MIN_DH_BITS),
      },
      parameters: {
        ...versionsOf(settings, {priority, startTls, warnings}),
        ciphers: ciphersOf(settings, {priority, warnings}),
        groups: priority.groups,
        verifyPeer: trust.verifyPeer,
        alpn: settings.get(IMAPD_SSL.TLS_ALPN),
        sessionSeconds: settings.get(IMAPD_SSL.TLS_TIMEOUT),
      },
    },
    warnings,
  }
}
