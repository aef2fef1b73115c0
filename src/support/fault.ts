/** Why an expected failure happened. Every edge answers each of these in its own words. */
export type FaultCode =
  | 'no-such-mailbox'
  | 'no-such-account'
  | 'invalid-name'
  | 'mailbox-exists'
  | 'mailbox-reserved'
  | 'over-quota'
  | 'no-access'
  | 'no-space'
  | 'read-only'
  | 'too-large'
  | 'busy'
  | 'bad-configuration'
  | 'unavailable'
  | 'io-error'

/** The request is sound, the world refuses it. The message quotes the value and has no final full stop. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: {cause?: unknown}) {
    super(message, options)
    this.code = code
  }
}

/** The line cannot be read; the message says where and what was expected. */
export class BadSyntax extends Error {
  override readonly name = 'BadSyntax'
}

/** Why a connection ends without its client asking for it. */
export type HangupReason = 'closed' | 'idle' | 'stalled' | 'shutdown' | 'limit' | 'mailbox-gone' | 'kicked'

/** The peer is gone, too slow, or has to go: the connection ends. */
export class Hangup extends Error {
  override readonly name = 'Hangup'
  readonly reason: HangupReason

  constructor(reason: HangupReason, message: string = reason) {
    // Every connection ends with one, and nobody looks for the place: taking the stack down is most of what it costs.
    const {stackTraceLimit} = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.reason = reason
  }
}

/** The code of a failed system call (`ENOENT`, …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
