import {createLog, type LogFormat} from '../log/create-log.js'
import type {Log} from '../log/log.js'

export interface StandardLogOptions {
  readonly format: LogFormat
  readonly debug: boolean
}

/** A log on standard error. */
export function standardLog({format, debug}: StandardLogOptions): Log {
  // Whoever reads it may go away: the server goes on.
  process.stderr.on('error', () => undefined)
  return createLog({format, debug, write: (lines) => process.stderr.write(lines), now: () => new Date()})
}
