/** All that the server is started or reloaded with: read, checked and opened before anything of it is used. */
import {availableParallelism} from 'node:os'
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {readCapability} from '../config/capability.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Endpoint} from '../config/port-list.js'
import {hasErrors, type Problem, problemText} from '../config/problem.js'
import {readAuthConfiguration} from '../config/read-auth-configuration.js'
import {readConfiguration, readPop3Configuration} from '../config/read-configuration.js'
import type {Settings} from '../config/settings.js'
import type {ImapSettings} from '../imap/settings.js'
import {readLoggerOptions, type SyslogIdentity} from '../log/logger-options.js'
import type {GuardSettings} from '../net/guard/guard-settings.js'
import {Fault} from '../support/fault.js'
import {readTlsRules} from '../tls/tls-rules.js'
import type {TlsPort, TlsSources} from '../tls/tls-sources.js'
import {authSettings, type PublicSocketSettings, publicSocketSettings} from './auth-settings.js'
import {imapSettings} from './imap-settings.js'
import {type MailSettings, mailSettings} from './mail-settings.js'
import {mechanismWarnings} from './mechanism-warnings.js'
import {endpointsOf, guardSettings, type NetworkSettings, networkSettings} from './network-settings.js'
import {oauthSettings} from './oauth-settings.js'
import {PROGRAMS} from './service-logs.js'
import type {AuthSettings} from './start-auth.js'

export const SERVICE_NAMES = ['imap', 'imaps'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** One service as configured. */
export interface ServiceConfiguration {
  readonly name: ServiceName
  readonly endpoints: readonly Endpoint[]
  readonly network: NetworkSettings
  readonly guard: GuardSettings
  /** undefined: no TLS on this port. */
  readonly tls: TlsPort | undefined
  readonly imap: ImapSettings
  readonly auth: AuthSettings
  /** Names of the service for the authentication by the local port of the connection; `imap` for others; undefined: for all. */
  readonly authServices: Readonly<Record<string, string>> | undefined
  readonly mail: MailSettings
  /** `LOGGEROPTS`, `SSLLOGGEROPTS`. */
  readonly logger: SyslogIdentity
}

/** How the roles become processes of their own. */
export interface ProcessSettings {
  /** Who the front runs as, and auth when it can. */
  readonly mailUser: string
  /** Mail processes that share the accounts of one uid and gid. */
  readonly mailProcesses: number
  readonly heapMiB: {readonly front?: number; readonly auth?: number; readonly mail?: number}
  /** Sessions may start programs that gain rights: sendmail for the outbox. */
  readonly mailGainsRights: boolean
}

export interface ServerConfiguration {
  /** `METRICS_ADDRESS`; none: no metrics. */
  readonly metrics: readonly Endpoint[]
  readonly services: readonly ServiceConfiguration[]
  readonly umask: number
  readonly publicSocket: PublicSocketSettings
  readonly processes: ProcessSettings
  /** `DEBUG_LOGIN` is not 0. */
  readonly debugLogin: boolean
  /** For the log. */
  readonly warnings: readonly string[]
}

export interface LoadOptions {
  readonly directory: string
  readonly authDirectory: string
  /** Services by name; none: those that the files switch on. */
  readonly services: readonly ServiceName[]
  /** Where to listen instead of what the files say. */
  readonly endpoints: Partial<Record<ServiceName, readonly Endpoint[]>>
  /** Where certificates and keys come from. */
  readonly tls: TlsSources
  readonly version: string
  /** Directory for what has to last. */
  readonly stateDirectory?: string | undefined
}

const MAX_MAIL_PROCESSES = 4

function refused(lines: readonly string[]): Fault {
  return new Fault('bad-configuration', lines.join('\n'))
}

function chosenServices(
  {services}: LoadOptions,
  {imap, imaps, directory}: {imap: Settings; imaps: Settings; directory: string},
): readonly ServiceName[] {
  if (services.length > 0) return services
  const on = SERVICE_NAMES.filter((name) => (name === 'imap' ? imap.get(IMAPD.IMAPDSTART) : imaps.get(IMAPD_SSL.IMAPDSSLSTART)))
  if (on.length > 0) return on
  throw refused([
    `Nothing to serve: neither IMAPDSTART nor IMAPDSSLSTART is YES in ${directory}. Switch one on, or name the services: courier serve imap imaps`,
  ])
}

/** `AUTHSERVICE<port>` */
function authServices(settings: Settings): Record<string, string> | undefined {
  const pairs = Object.entries(settings.environment()).map(([name, value]) => [/^AUTHSERVICE(\d+)$/.exec(name)?.[1], value] as const)
  const named = pairs.filter(([port, value]) => port !== undefined && value !== '')
  return named.length === 0 ? undefined : Object.fromEntries(named)
}

/**
 * Reads `imapd`, `imapd-ssl`, `authdaemonrc` and the certificates.
 *
 * @throws {Fault} `bad-configuration` with all problems, one on each line
 */
export async function loadServerConfiguration(options: LoadOptions): Promise<ServerConfiguration> {
  const configuration = await readConfiguration(options.directory)
  const auth = await readAuthConfiguration(options.authDirectory)
  const problems: Problem[] = [...configuration.problems, ...auth.problems]
  if (hasErrors(problems)) throw refused(problems.map(problemText))
  const {imap, imaps} = configuration
  const pop3 = (await readPop3Configuration(options.directory))?.problems ?? []
  const warnings = [...problems, ...pop3].map(problemText)
  const oauth = oauthSettings(auth.settings)
  const modules = authSettings(auth, {defaultMaildir: '', defaultDomain: {domain: '', separators: undefined}}).modules
  const failedLoginMs = auth.settings.get(AUTHDAEMONRC.FAILED_LOGIN_SECONDS) * 1000
  const services: ServiceConfiguration[] = []
  for (const name of chosenServices(options, configuration)) {
    const settings = name === 'imap' ? imap : imaps
    warnings.push(...settings.get(IMAPD.TCPDOPTS).notes.map((note) => `TCPDOPTS: ${note}`))
    const tls = await openTls(name, settings, {options, warnings})
    const {mechanisms, mechanismsTls} = readCapability(settings)
    warnings.push(...mechanismWarnings([...new Set([...mechanisms, ...mechanismsTls])], {settings, modules}))
    services.push({
      name,
      endpoints: options.endpoints[name] ?? endpointsOf(settings, {tls: name === 'imaps'}),
      network: networkSettings(settings),
      guard: guardSettings(auth.settings, options.stateDirectory),
      tls,
      logger: readLoggerOptions(settings.get(name === 'imap' ? IMAPD.LOGGEROPTS : IMAPD_SSL.SSLLOGGEROPTS), PROGRAMS[name]),
      imap: imapSettings(settings, {version: options.version, tokens: oauth !== undefined, modules, failedLoginMs}),
      auth: {
        ...authSettings(auth, {
          defaultMaildir: settings.get(IMAPD.MAILDIRPATH),
          defaultDomain: {domain: settings.get(IMAPD.DEFDOMAIN) ?? '', separators: settings.get(IMAPD.DOMAINSEP)},
        }),
        acceptsCertificates: Boolean(settings.get(IMAPD_SSL.TLS_EXTERNAL)),
        oauth,
        ...(options.stateDirectory === undefined ? {} : {stateDirectory: options.stateDirectory}),
      },
      authServices: authServices(settings),
      mail: mailSettings(settings),
    })
  }
  return {
    services,
    umask: imap.get(IMAPD.IMAP_UMASK),
    metrics: imap.get(IMAPD.METRICS_ADDRESS),
    publicSocket: publicSocketSettings(auth),
    processes: {
      mailUser: imap.get(IMAPD.MAILUSER),
      mailProcesses: imap.get(IMAPD.MAIL_PROCESSES) ?? Math.max(1, Math.min(MAX_MAIL_PROCESSES, Math.floor(availableParallelism() / 2))),
      heapMiB: imap.get(IMAPD.HEAP_LIMITS),
      mailGainsRights: Boolean(imap.get(IMAPD.OUTBOX)),
    },
    debugLogin: auth.settings.get(AUTHDAEMONRC.DEBUG_LOGIN) > 0,
    warnings: [...new Set(warnings)],
  }
}

async function openTls(
  name: ServiceName,
  settings: Settings,
  {options, warnings}: {readonly options: LoadOptions; readonly warnings: string[]},
): Promise<TlsPort | undefined> {
  if (name === 'imap' && !settings.get(IMAPD_SSL.IMAPDSTARTTLS)) return undefined
  try {
    const {rules, warnings: found} = readTlsRules(settings, {startTls: name === 'imap'})
    const port = await options.tls.get(rules)
    warnings.push(...found, ...port.source.warnings)
    return port
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const remedy = name === 'imap' ? 'or set IMAPDSTARTTLS=NO in imapd-ssl to serve without STARTTLS' : 'or serve without imaps'
    throw refused([`${error.message} (${name} needs a certificate: name one in TLS_CERTFILE in imapd-ssl, ${remedy})`])
  }
}
