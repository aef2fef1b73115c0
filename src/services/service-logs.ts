import type {Log} from '../log/log.js'
import {type LogService, serviceLog} from '../log/service-log.js'
import type {ServiceName} from './server-configuration.js'

/** What Courier calls the program that serves it, in the log. */
export const PROGRAMS: Readonly<Record<ServiceName, LogService>> = {imap: 'imapd', imaps: 'imapd-ssl'}

/** The log of each service: its lines stand under the name of Courier's program in syslog. */
export function serviceLogs(log: Log): Readonly<Record<ServiceName, Log>> {
  return {imap: serviceLog(log, PROGRAMS.imap), imaps: serviceLog(log, PROGRAMS.imaps)}
}
