import type {Log, LogFacts} from './log.js'

/** The program that Courier has for a part of the server: log parsers look for this name before the line. */
export type LogService = 'imapd' | 'imapd-ssl' | 'pop3d' | 'pop3d-ssl' | 'authdaemond' | 'courier'

/** The same log, for the events of one service. */
export function serviceLog(log: Log, service: LogService): Log {
  const named = (facts: LogFacts | undefined): LogFacts => ({service, ...facts})
  return {
    debug: (event, facts) => log.debug(event, named(facts)),
    info: (event, facts) => log.info(event, named(facts)),
    notice: (event, facts) => log.notice(event, named(facts)),
    warning: (event, facts) => log.warning(event, named(facts)),
    error: (event, facts) => log.error(event, named(facts)),
  }
}

/** Courier has one program for each; what we add to it is ours. */
const BY_EVENT: Record<string, LogService> = {
  imap: 'imapd',
  pop3: 'pop3d',
  net: 'imapd',
  tls: 'imapd',
  auth: 'authdaemond',
  authdaemon: 'authdaemond',
}

/** Whose an event is: the service that it names, else by the first word of its name. */
export function serviceOf(event: string, {service}: LogFacts): LogService {
  return service ?? BY_EVENT[event.slice(0, event.indexOf('.'))] ?? 'courier'
}
