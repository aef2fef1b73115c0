import type {Log, LogFacts, LogLevel} from './log.js'

/** Sees each event before the log decides whether to show it. Must not throw. */
export type LogWatcher = (level: LogLevel, event: string, facts: LogFacts) => void

/** The same log, with somebody who looks on. */
export function watchedLog(log: Log, watch: LogWatcher): Log {
  return {
    debug(event, facts = {}) {
      watch('debug', event, facts)
      log.debug(event, facts)
    },
    info(event, facts = {}) {
      watch('info', event, facts)
      log.info(event, facts)
    },
    notice(event, facts = {}) {
      watch('notice', event, facts)
      log.notice(event, facts)
    },
    warning(event, facts = {}) {
      watch('warning', event, facts)
      log.warning(event, facts)
    },
    error(event, facts = {}) {
      watch('err', event, facts)
      log.error(event, facts)
    },
  }
}
