import {jsonLine} from './json-line.js'
import type {Log, LogFacts, LogLevel} from './log.js'
import {textLines} from './text-line.js'

export type LogFormat = 'text' | 'json'

export interface LogOptions {
  readonly format: LogFormat
  /** Takes whole lines with their line end; must not throw. */
  readonly write: (lines: string) => void
  readonly now: () => Date
  /** Shows debug events that Courier does not log. */
  readonly debug: boolean
}

/** Courier logs this one at debug level and parsers expect it. */
const ALWAYS_SHOWN = new Set(['imap.connection', 'imap.disconnected', 'imap.timeout', 'tls.closed'])

/** A log that renders each event at once and hands the lines to `write`. */
export function createLog({format, write, now, debug}: LogOptions): Log {
  const put = (level: LogLevel, event: string, facts: LogFacts = {}) => {
    if (level === 'debug' && !debug && !ALWAYS_SHOWN.has(event)) return
    const lines = format === 'json' ? [jsonLine(level, event, {facts, time: now()})] : textLines(level, event, facts)
    write(lines.map((line) => `${line}\n`).join(''))
  }
  return {
    debug: (event, facts) => put('debug', event, facts),
    info: (event, facts) => put('info', event, facts),
    notice: (event, facts) => put('notice', event, facts),
    warning: (event, facts) => put('warning', event, facts),
    error: (event, facts) => put('err', event, facts),
  }
}
