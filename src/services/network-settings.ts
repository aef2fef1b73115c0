import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Endpoint} from '../config/port-list.js'
import type {Settings} from '../config/settings.js'
import type {TcpdOptions} from '../config/tcpd-options.js'
import type {AdmissionPolicy} from '../net/admission.js'
import type {ConnectionLimits} from '../net/connection-limits.js'
import type {GuardSettings} from '../net/guard/guard-settings.js'

/** Where an access file is: compiled, and as text. */
export interface AccessPaths {
  readonly compiled: string
  readonly text: string
}

/** What the configuration says about connections to one service. Plain data. */
export interface NetworkSettings {
  readonly limits: ConnectionLimits
  readonly access: AccessPaths | undefined
  /** Networks that may send a PROXY header. */
  readonly trustedProxies: readonly string[]
  readonly options: AdmissionPolicy['options']
}

function accessPaths({access}: TcpdOptions, text: string | undefined): AccessPaths | undefined {
  // Courier: the start script names the file of IMAPACCESSFILE first, and the last option counts.
  if (access !== undefined) return {compiled: access, text: access.replace(/\.dat$/, '')}
  return text ? {compiled: `${text}.dat`, text} : undefined
}

/** `TCPDOPTS` come after the settings on couriertcpd's command line: where both say something, they count. */
export function networkSettings(settings: Settings): NetworkSettings {
  const options = settings.get(IMAPD.TCPDOPTS)
  const {accessLocal, denyMessage, lists, drop, proxy} = options
  return {
    limits: {
      total: options.maxDaemons ?? settings.get(IMAPD.MAXDAEMONS),
      perAddress: options.maxPerIp ?? settings.get(IMAPD.MAXPERIP),
      perBlock: options.maxPerBlock,
      warnFrom: options.warnFrom,
    },
    access: accessPaths(options, settings.get(IMAPD.IMAPACCESSFILE)),
    trustedProxies: settings.get(IMAPD.PROXY_PROTOCOL_NETWORKS),
    options: {accessLocal, lists, drop, proxy, ...(denyMessage === undefined ? {} : {denyMessage})},
  }
}

/** How failed logins are slowed down, from `authdaemonrc`. */
export function guardSettings(settings: Settings, stateDirectory: string | undefined): GuardSettings {
  return {
    delayAfter: settings.get(AUTHDAEMONRC.LOGIN_DELAY_AFTER),
    maxDelayMs: settings.get(AUTHDAEMONRC.LOGIN_DELAY_MAX) * 1000,
    banAfter: settings.get(AUTHDAEMONRC.BAN_AFTER),
    banMs: settings.get(AUTHDAEMONRC.BAN_MINUTES) * 60_000,
    exempt: settings.get(AUTHDAEMONRC.BAN_EXEMPT_NETWORKS),
    stateDirectory,
  }
}

/** Where a service listens. */
export function endpointsOf(settings: Settings, {tls}: {readonly tls: boolean}): readonly Endpoint[] {
  const {address: named} = settings.get(IMAPD.TCPDOPTS)
  const address = named ? named.value : settings.get(tls ? IMAPD_SSL.SSLADDRESS : IMAPD.ADDRESS)
  return settings.get(tls ? IMAPD_SSL.SSLPORT : IMAPD.PORT).map((each) => ({address: each.address ?? address, port: each.port}))
}
