import type {Ticket} from '../../auth/account.js'

/** How a command ended: what the tagged line says. */
export interface Reply {
  readonly status: 'OK' | 'NO' | 'BAD'
  /** Our own words; what a client sent only through `repeated`. */
  readonly text: string
  /** Response code without brackets, as `COPYUID 1 2 3`. */
  readonly code: string | undefined
  /** What follows when the client has the reply; `close` ends the connection. */
  readonly afterwards?: 'close' | (() => Promise<void>)
}

/** The login was successful: whoever redeems the ticket gives the tagged reply. */
export interface Handover {
  readonly status: 'HANDOVER'
  readonly ticket: Ticket
  /** When its command began, of the login desk's clock. */
  readonly beganMs: number
}

/** The last word: an untagged BYE, and no tagged reply. */
export interface Farewell {
  readonly status: 'BYE'
  readonly text: string
  readonly code: string | undefined
}

export type Outcome = Reply | Handover | Farewell

export const ok = (text: string, code?: string): Reply => ({status: 'OK', text, code})
export const no = (text: string, code?: string): Reply => ({status: 'NO', text, code})
export const bad = (text: string, code?: string): Reply => ({status: 'BAD', text, code})
export const bye = (text: string, code?: string): Farewell => ({status: 'BYE', text, code})

/** Text of a client that a reply repeats: what could break the line becomes `?`, long text is cut. */
export function repeated(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)
}

/** A status line without its line end; `tag` is `*` for an untagged one. */
export function formatReply(tag: string, {status, text, code}: Reply | Farewell): string {
  return `${tag} ${status} ${code === undefined ? '' : `[${code}] `}${text}`
}
