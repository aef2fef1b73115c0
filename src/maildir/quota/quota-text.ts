/** The text of `maildirsize` (`spec/maildir.md` §7.1). Pure. */

/** What an account may have; 0 means as much as it wants. */
export interface QuotaLimits {
  readonly bytes: number
  readonly messages: number
}

/** What messages take. */
export interface Usage {
  readonly bytes: number
  readonly messages: number
}

export const NO_LIMITS: QuotaLimits = {bytes: 0, messages: 0}
const LARGEST = Number.MAX_SAFE_INTEGER

/**
 * Reads a quota such as `10000000S,1000C`: digits followed by `S` (bytes) or `C` (messages); the last of a kind counts.
 *
 * `warn` is called for each number with something else behind it; that number is ignored.
 */
export function parseLimits(text: string, warn: (text: string) => void = () => {}): QuotaLimits {
  let {bytes, messages} = NO_LIMITS
  for (const [, digits = '', kind] of text.matchAll(/([0-9]+)([^0-9]?)/g)) {
    const limit = Math.min(Number(digits), LARGEST)
    if (kind === 'S') bytes = limit
    else if (kind === 'C') messages = limit
    else warn(text)
  }
  return {bytes, messages}
}

export function hasLimit({bytes, messages}: QuotaLimits): boolean {
  return bytes > 0 || messages > 0
}

/** The first line of the file: size first, only limits that there are. */
export function formatLimits({bytes, messages}: QuotaLimits): string {
  return [bytes > 0 ? `${bytes}S` : '', messages > 0 ? `${messages}C` : ''].filter((item) => item !== '').join(',')
}

/** A line that changes the sum. */
export function formatDelta({bytes, messages}: Usage): string {
  return `${String(bytes).padStart(12)} ${String(messages).padStart(12)}\n`
}

export interface QuotaFileContent {
  readonly limits: QuotaLimits
  /** Sum of all lines. */
  readonly usage: Usage
  /** Lines after the first. */
  readonly lines: number
}

/** Reads the file. Lines without two numbers add nothing, but count as lines. Any octets can be read. */
export function parseQuotaFile(text: string): QuotaFileContent {
  const [first = '', ...rest] = text.split('\n')
  if (rest.at(-1) === '') rest.pop()
  let bytes = 0
  let messages = 0
  for (const line of rest) {
    const numbers = /^\s*(-?[0-9]{1,15})\s+(-?[0-9]{1,10})/.exec(line)
    if (!numbers) continue
    bytes += Number(numbers[1])
    messages += Number(numbers[2])
  }
  return {limits: parseLimits(first), usage: {bytes, messages}, lines: rest.length}
}

/** `usage` and `extra` together are within the limits: what fills a limit exactly is. */
export function fits(limits: QuotaLimits, usage: Usage, extra: Usage): boolean {
  const {bytes, messages} = limits
  return (bytes === 0 || usage.bytes + extra.bytes <= bytes) && (messages === 0 || usage.messages + extra.messages <= messages)
}

/** How full the account is: 100 when any limit is exceeded, else the larger share in whole percent. */
export function percentage(limits: QuotaLimits, usage: Usage): number {
  if (!fits(limits, usage, {bytes: 0, messages: 0})) return 100
  return Math.max(share(usage.bytes, limits.bytes), share(usage.messages, limits.messages))
}

function share(used: number, limit: number): number {
  if (limit === 0) return 0
  // Courier: so that 32 bits are enough; visible in the result.
  if (limit > 20_000_000) return Math.trunc((Math.trunc(used / 1024) * 100) / Math.trunc(limit / 1024))
  return Math.trunc((used * 100) / limit)
}
