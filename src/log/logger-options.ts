import {FACILITIES, MAIL_FACILITY} from './syslog-line.js'

/** The name before the lines of a service and its facility. */
export interface SyslogIdentity {
  readonly name: string
  readonly facility: number
}

/** What LOGGEROPTS says (courierlogger's options, `spec/server-config-tls.md` §1.10): of them `-name=` and `-facility=` count here. */
export function readLoggerOptions(text: string, fallback: string): SyslogIdentity {
  const value = (option: string) => new RegExp(`(?:^|\\s)-${option}=(\\S+)`).exec(text)?.[1]
  return {name: value('name') ?? fallback, facility: FACILITIES[value('facility') ?? ''] ?? MAIL_FACILITY}
}
