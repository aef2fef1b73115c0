/** How a command ended: what the tagged line says. */
export interface Reply {
  readonly status: 'OK' | 'NO' | 'BAD'
  /** Our own words; no CR, LF, no octets of a client above 0x7F. */
  readonly text: string
  /** Response code without brackets, as `COPYUID 1 2 3`. */
  readonly code: string | undefined
}

export const ok = (text: string, code?: string): Reply => ({status: 'OK', text, code})
export const no = (text: string, code?: string): Reply => ({status: 'NO', text, code})
export const bad = (text: string, code?: string): Reply => ({status: 'BAD', text, code})

/** Text of a client that a reply repeats: what could break the line becomes `?`, long text is cut. */
export function repeated(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)
}

/** The tagged line (or `*` line) without its line end. */
export function formatReply(tag: string, {status, text, code}: Reply): string {
  return `${tag} ${status} ${code === undefined ? '' : `[${code}] `}${text}`
}
