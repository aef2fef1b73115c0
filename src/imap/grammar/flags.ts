import {FLAG, type FlagBits} from '../../maildir/types.js'

/** Flags of an argument: system flags as bits, keywords in the client's spelling. */
export interface FlagArgument {
  readonly flags: FlagBits
  readonly keywords: readonly string[]
}

/** Longest keyword that is taken. */
export const MAX_KEYWORD_OCTETS = 255

/** System flag of its name after the backslash, in upper case. `\Recent` cannot be set by a client (RFC 3501 §2.3.2). */
export const SYSTEM_FLAGS: ReadonlyMap<string, FlagBits> = new Map([
  ['SEEN', FLAG.seen],
  ['ANSWERED', FLAG.answered],
  ['FLAGGED', FLAG.flagged],
  ['DELETED', FLAG.deleted],
  ['DRAFT', FLAG.draft],
])
