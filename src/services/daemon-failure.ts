import {errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'

const NO_ANSWER = 'Input/output error'

/**
 * Why an authdaemond could not be asked, in the words of the original's client (`spec/auth.md` §13): lines for standard
 * error, and the reason that the tool names. A reply that is cut short gets no lines there.
 */
export function daemonFailure(error: unknown, fromDaemon: boolean): {readonly lines: string; readonly reason: string} {
  const code = error instanceof Fault ? errnoOf(error.cause) : undefined
  if (!fromDaemon) return {lines: `ERR: ${error instanceof Error ? error.message : String(error)}\n`, reason: NO_ANSWER}
  if (!(error instanceof Fault) || !code) return {lines: '', reason: NO_ANSWER}
  const reason = systemText(error.cause)
  const hint = code === 'ECONNREFUSED' || code === 'ETIMEDOUT' ? 'ERR: [Hint: perhaps authdaemond is not running?]\n' : ''
  return {lines: `ERR: authdaemon: s_connect() failed: ${reason}\n${hint}`, reason}
}
