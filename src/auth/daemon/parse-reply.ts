/** What an authdaemond answered (`spec/auth.md` §13). */

/** The attributes of an account as they came: octets, one character for each. Undefined: it was not told. */
export type ReplyAttributes = ReadonlyMap<string, string>

export type Reply =
  | {readonly kind: 'account'; readonly attributes: ReplyAttributes}
  | {readonly kind: 'fail'}
  /** The end came before the answer: a temporary failure. */
  | {readonly kind: 'none'}

/** Whether a reply to AUTH or PRE is whole. What is sent after it does not count. */
export function isWholeReply(reply: string): boolean {
  return reply.startsWith('FAIL\n') || reply.startsWith('.\n') || reply.includes('\n.\n')
}

/** Reads a reply to AUTH or PRE: lines in order, those without `=` mean nothing, the first value of a name counts. */
export function parseReply(reply: string): Reply {
  const attributes = new Map<string, string>()
  const lines = reply.split('\n')
  // What comes after the last line feed is no line.
  lines.pop()
  for (const line of lines) {
    if (line === '.') return {kind: 'account', attributes}
    if (line === 'FAIL') return {kind: 'fail'}
    const equals = line.indexOf('=')
    const name = line.slice(0, Math.max(equals, 0))
    if (equals > 0 && !attributes.has(name)) attributes.set(name, line.slice(equals + 1))
  }
  return {kind: 'none'}
}

/** A line of a reply to ENUMERATE. */
export type EnumerationLine =
  | {readonly kind: 'account'; readonly parts: readonly string[]}
  | {readonly kind: 'end'}
  /** A module's name, or nothing. */
  | {readonly kind: 'other'}

/**
 * Courier: cuts every line at `#`, which damages names that hold one (`spec/auth.md` §13); here only lines that begin with it are
 * none.
 */
export function parseEnumerationLine(line: string): EnumerationLine {
  if (line === '.') return {kind: 'end'}
  const parts = line.split('\t')
  return line.startsWith('#') || parts.length < 4 ? {kind: 'other'} : {kind: 'account', parts}
}
