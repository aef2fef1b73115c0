import {FLAG} from '../../maildir/types.js'
import {BadSyntax} from '../../support/fault.js'
import {isAtomChar} from '../grammar/characters.js'
import type {Cursor} from '../grammar/cursor.js'
import type {SearchKey} from './keys.js'

/** Most keys of one search, and levels of parentheses, NOT and OR. */
const MAX_KEYS = 1_000
const MAX_DEPTH = 100

/** Keys without arguments. */
const PLAIN_KEYS: Readonly<Record<string, SearchKey>> = {
  ALL: {kind: 'all'},
  ANSWERED: {kind: 'flag', bit: FLAG.answered},
  DELETED: {kind: 'flag', bit: FLAG.deleted},
  DRAFT: {kind: 'flag', bit: FLAG.draft},
  FLAGGED: {kind: 'flag', bit: FLAG.flagged},
  SEEN: {kind: 'flag', bit: FLAG.seen},
  UNANSWERED: {kind: 'not', key: {kind: 'flag', bit: FLAG.answered}},
  UNDELETED: {kind: 'not', key: {kind: 'flag', bit: FLAG.deleted}},
  UNDRAFT: {kind: 'not', key: {kind: 'flag', bit: FLAG.draft}},
  UNFLAGGED: {kind: 'not', key: {kind: 'flag', bit: FLAG.flagged}},
  UNSEEN: {kind: 'not', key: {kind: 'flag', bit: FLAG.seen}},
  RECENT: {kind: 'recent'},
  OLD: {kind: 'not', key: {kind: 'recent'}},
  NEW: {
    kind: 'and',
    keys: [{kind: 'recent'}, {kind: 'not', key: {kind: 'flag', bit: FLAG.seen}}],
  },
}

/** Keys that read their arguments. */
const KEYS: Readonly<Record<string, (line: Cursor, reader: KeyReader) => SearchKey>> = {
  BCC: (line) => header(line, 'bcc'),
  CC: (line) => header(line, 'cc'),
  FROM: (line) => header(line, 'from'),
  SUBJECT: (line) => header(line, 'subject'),
  TO: (line) => header(line, 'to'),
  HEADER: (line) => header(line, line.space().astring('the name of a header')),
  BODY: (line) => ({kind: 'body', text: line.space().astring()}),
  TEXT: (line) => ({kind: 'text', text: line.space().astring()}),
  BEFORE: (line) => ({kind: 'date', of: 'internal', relation: 'before', day: readDay(line.space())}),
  ON: (line) => ({kind: 'date', of: 'internal', relation: 'on', day: readDay(line.space())}),
  SINCE: (line) => ({kind: 'date', of: 'internal', relation: 'since', day: readDay(line.space())}),
  SENTBEFORE: (line) => ({kind: 'date', of: 'sent', relation: 'before', day: readDay(line.space())}),
  SENTON: (line) => ({kind: 'date', of: 'sent', relation: 'on', day: readDay(line.space())}),
  SENTSINCE: (line) => ({kind: 'date', of: 'sent', relation: 'since', day: readDay(line.space())}),
  LARGER: (line) => ({kind: 'size', relation: 'larger', octets: line.space().number()}),
  SMALLER: (line) => ({kind: 'size', relation: 'smaller', octets: line.space().number()}),
  KEYWORD: (line) => ({kind: 'keyword', name: line.space().atom('a keyword')}),
  UNKEYWORD: (line) => ({kind: 'not', key: {kind: 'keyword', name: line.space().atom('a keyword')}}),
  UID: (line) => ({kind: 'uids', set: line.space().messageSet()}),
  // Courier: NOT NOT x is an error; RFC 3501 §9 allows it.
  NOT: (line, reader) => ({kind: 'not', key: reader.inner(line.space())}),
  OR: (line, reader) => ({kind: 'or', keys: [reader.inner(line.space()), reader.inner(line.space())]}),
}

/** `[CHARSET name] key …` up to the end of the command (RFC 3501 §9, search). */
export function readSearch(line: Cursor): {readonly charset: string | undefined; readonly key: SearchKey} {
  const mark = line.mark()
  const hasCharset = line.stretch(isAtomChar).toUpperCase() === 'CHARSET'
  if (!hasCharset) line.back(mark)
  const charset = hasCharset ? line.space().astring('the name of a charset') : undefined
  if (hasCharset) line.space()
  return {charset, key: readKeys(line)}
}

/** Search keys up to the end of the command; all of them must match. */
export function readKeys(line: Cursor): SearchKey {
  const reader = new KeyReader()
  const keys = [reader.read(line)]
  while (line.more()) keys.push(reader.read(line))
  return both(keys)
}

function both(keys: readonly SearchKey[]): SearchKey {
  return keys.length === 1 && keys[0] ? keys[0] : {kind: 'and', keys}
}

/** Reads one key after the other, within bounds. */
class KeyReader {
  #count = 0
  #depth = 0

  read(line: Cursor): SearchKey {
    this.#count += 1
    if (this.#count > MAX_KEYS) throw new BadSyntax(`More than ${MAX_KEYS} search keys`)
    if (line.peek() === '(') return this.#list(line)
    if (line.atSet) return {kind: 'numbers', set: line.messageSet()}
    const mark = line.mark()
    const word = line.word('a search key')
    const plain = PLAIN_KEYS[word]
    if (plain) return plain
    const withArguments = KEYS[word]
    if (withArguments) return withArguments(line, this)
    line.back(mark)
    throw line.expected('a search key')
  }

  /** A key inside another one. */
  inner(line: Cursor): SearchKey {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw new BadSyntax(`Search keys nested more than ${MAX_DEPTH} levels deep`)
    const key = this.read(line)
    this.#depth -= 1
    return key
  }

  #list(line: Cursor): SearchKey {
    const keys = line.list((inside) => this.inner(inside))
    if (keys.length === 0) throw line.expected('a search key')
    return both(keys)
  }
}

function header(line: Cursor, name: string): SearchKey {
  return {kind: 'header', name, text: line.space().astring()}
}

const MONTHS: readonly string[] = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/**
 * A date, `1-Feb-1994`, perhaps quoted, as days since 1 January 1970 (RFC 3501 §9, date).
 *
 * Courier: what is no date matches nothing; by the RFC it is an error.
 */
function readDay(line: Cursor): number {
  const mark = line.mark()
  const text = line.peek() === '"' ? line.string() : line.stretch(isAtomChar)
  const match = /^([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})$/.exec(text)
  const month = MONTHS.indexOf((match?.[2] ?? '').toUpperCase())
  const date = new Date(0)
  date.setUTCFullYear(Number(match?.[3]), month, Number(match?.[1]))
  if (match && month >= 0 && date.getUTCMonth() === month) return date.getTime() / 86_400_000
  line.back(mark)
  throw line.expected('a date like 1-Feb-1994')
}
