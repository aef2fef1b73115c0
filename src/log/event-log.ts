import type {Log, LogFacts, LogLevel} from './log.js'

/** Takes an event that is to be shown; must not throw. */
export type PutEvent = (level: LogLevel, event: string, facts: LogFacts) => void

/** Courier logs these at debug level and parsers expect them. */
const ALWAYS_SHOWN = new Set([
  ...['imap.connection', 'imap.disconnected', 'imap.timeout'],
  ...['pop3.connection', 'pop3.disconnected', 'pop3.timeout'],
  'tls.closed',
])

/** A log that hands on what is to be shown. `debug`: also debug events that Courier does not log. */
export function eventLog(put: PutEvent, {debug}: {readonly debug: boolean}): Log {
  return {
    debug(event, facts = {}) {
      if (debug || ALWAYS_SHOWN.has(event)) put('debug', event, facts)
    },
    info: (event, facts = {}) => put('info', event, facts),
    notice: (event, facts = {}) => put('notice', event, facts),
    warning: (event, facts = {}) => put('warning', event, facts),
    error: (event, facts = {}) => put('err', event, facts),
  }
}
