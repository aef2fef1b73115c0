import type {FlagBits} from '../../maildir/types.js'
import type {MessageSet} from '../message-set.js'

/** A search key as the client gave it (RFC 3501 §6.4.4). Strings are octets of the client, one character for each. */
export type SearchKey =
  | {readonly kind: 'all'}
  | {readonly kind: 'numbers'; readonly set: MessageSet}
  | {readonly kind: 'uids'; readonly set: MessageSet}
  | {readonly kind: 'flag'; readonly bit: FlagBits}
  | {readonly kind: 'recent'}
  | {readonly kind: 'keyword'; readonly name: string}
  /** `day`: days since 1 January 1970. */
  | {readonly kind: 'date'; readonly of: 'internal' | 'sent'; readonly relation: 'before' | 'on' | 'since'; readonly day: number}
  | {readonly kind: 'size'; readonly relation: 'larger' | 'smaller'; readonly octets: number}
  | {readonly kind: 'header'; readonly name: string; readonly text: string}
  | {readonly kind: 'body'; readonly text: string}
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'not'; readonly key: SearchKey}
  | {readonly kind: 'and'; readonly keys: readonly SearchKey[]}
  | {readonly kind: 'or'; readonly keys: readonly SearchKey[]}
