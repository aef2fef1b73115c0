/** The files that `courier configure` installs and upgrades. */
import {AUTHDAEMONRC} from '../../config/authdaemonrc-options.js'
import {IMAPD} from '../../config/imapd-options.js'
import {IMAPD_SSL} from '../../config/imapd-ssl-options.js'
import type {Option} from '../../config/option.js'
import {POP3D} from '../../config/pop3d-options.js'
import {POP3D_SSL} from '../../config/pop3d-ssl-options.js'

export type ConfigurationName = 'imapd' | 'imapd-ssl' | 'pop3d' | 'pop3d-ssl' | 'authdaemonrc'

export interface ConfigurationFile {
  readonly name: ConfigurationName
  /** In the directory of the servers, or of the authentication. */
  readonly place: 'servers' | 'auth'
  /** Of a file that is new. */
  readonly mode: number
  /** Its settings by name. */
  readonly options: Readonly<Record<string, Option<unknown>>>
}

export const CONFIGURATION_FILES: readonly ConfigurationFile[] = [
  {name: 'imapd', place: 'servers', mode: 0o644, options: IMAPD},
  {name: 'imapd-ssl', place: 'servers', mode: 0o644, options: {...IMAPD_SSL, MAILDIRPATH: IMAPD.MAILDIRPATH}},
  {name: 'pop3d', place: 'servers', mode: 0o644, options: POP3D},
  {name: 'pop3d-ssl', place: 'servers', mode: 0o644, options: {...POP3D_SSL, MAILDIRPATH: POP3D.MAILDIRPATH}},
  {name: 'authdaemonrc', place: 'auth', mode: 0o640, options: AUTHDAEMONRC},
]

/** Of the account sources. They hold passwords, and Courier's have other blocks than ours: only our own are merged. */
export const SOURCE_FILES = ['authldaprc', 'authmysqlrc', 'authpgsqlrc', 'authsqliterc'] as const

/** Of the certificates: installed when they are missing, never changed. */
export const CERTIFICATE_FILES = ['imapd.cnf', 'pop3d.cnf'] as const
