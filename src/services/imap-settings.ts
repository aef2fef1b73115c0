import {readCapability} from '../config/capability.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Settings} from '../config/settings.js'
import type {ImapSettings} from '../imap/settings.js'
import {possibleMechanisms} from './mechanism-warnings.js'

export interface ImapSettingsOptions {
  readonly version: string
  /** Tokens are accepted instead of passwords. */
  readonly tokens: boolean
  /** `FAILED_LOGIN_SECONDS` */
  readonly failedLoginMs: number
  /** `authmodulelist`. */
  readonly modules: readonly string[]
}

/** Mechanisms that take tokens: announced when they are configured, nobody takes them by mistake. */
const TOKEN_MECHANISMS = ['OAUTHBEARER', 'XOAUTH2']

/** What sessions see of the configuration. */
export function imapSettings(settings: Settings, {version, tokens, modules, failedLoginMs}: ImapSettingsOptions): ImapSettings {
  const {plain, tls, ...switchedOn} = readCapability(settings)
  const mechanisms = possibleMechanisms(switchedOn.mechanisms, modules)
  const mechanismsTls = possibleMechanisms(switchedOn.mechanismsTls, modules)
  return {
    capability: plain,
    capabilityTls: tls,
    mechanisms,
    mechanismsTls: tokens ? [...mechanismsTls, ...TOKEN_MECHANISMS] : mechanismsTls,
    certificateField: settings.get(IMAPD_SSL.TLS_EXTERNAL)?.toUpperCase() || undefined,
    capabilityExtra: settings.get(IMAPD.IMAP_CAPABILITY_EXTRA),
    capabilityHide: settings.get(IMAPD.IMAP_CAPABILITY_HIDE),
    keywords: settings.get(IMAPD.IMAP_KEYWORDS) !== 0,
    idFields: settings.get(IMAPD.IMAP_ID_FIELDS),
    version,
    tlsRequired: settings.get(IMAPD_SSL.IMAP_TLS_REQUIRED),
    disableThreadSort: settings.get(IMAPD.IMAP_DISABLETHREADSORT),
    checkAllFolders: settings.get(IMAPD.IMAP_CHECK_ALL_FOLDERS),
    obsoleteClient: settings.get(IMAPD.IMAP_OBSOLETE_CLIENT),
    failedLoginMs,
  }
}
