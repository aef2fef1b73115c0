import {eventLog, type PutEvent} from './event-log.js'
import {jsonLine} from './json-line.js'
import type {Log} from './log.js'
import {textLines} from './text-line.js'

export type LogFormat = 'text' | 'json'

export interface LinesOptions {
  readonly format: LogFormat
  /** Takes whole lines with their line end; must not throw. */
  readonly write: (lines: string) => void
  readonly now: () => Date
}

export interface LogOptions extends LinesOptions {
  /** Shows debug events that Courier does not log. */
  readonly debug: boolean
}

/** Renders each event at once and hands the lines to `write`. */
export function putLines({format, write, now}: LinesOptions): PutEvent {
  return (level, event, facts) => {
    const lines = format === 'json' ? [jsonLine(level, event, {facts, time: now()})] : textLines(level, event, facts)
    write(`${lines.join('\n')}\n`)
  }
}

/** A log of lines. */
export function createLog({debug, ...lines}: LogOptions): Log {
  return eventLog(putLines(lines), {debug})
}
