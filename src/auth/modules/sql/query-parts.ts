import type {Quoting} from './query-template.js'

/**
 * A part of a query. `string`: in quotes and meant as it is written; `escaped-string`: with doubled quotes, backslashes or a
 * prefix; `other`: names in quotes, comments, strings that never end; `open`: what is between them.
 */
export interface QueryPart {
  readonly kind: 'string' | 'escaped-string' | 'other' | 'open'
  readonly text: string
}

const COMMENT_ENDS: readonly (readonly [string, string])[] = [
  ['--', '\n'],
  ['/*', '*/'],
]

/** The parts that make up a query, in order. Linear in its length. */
export function queryParts(query: string, quoting: Quoting): QueryPart[] {
  const parts: QueryPart[] = []
  let open = 0
  const close = (at: number) => {
    if (at > open) parts.push({kind: 'open', text: query.slice(open, at)})
  }
  for (let at = 0; at < query.length; ) {
    const part = quotedAt(query, at, quoting) ?? commentAt(query, at)
    if (part) {
      close(at)
      parts.push(part)
      at += part.text.length
      open = at
    } else at = query.startsWith('$(', at) ? afterName(query, at) : at + 1
  }
  close(query.length)
  return parts
}

function afterName(query: string, at: number): number {
  const end = query.indexOf(')', at)
  return end < 0 ? query.length : end + 1
}

function quotedAt(query: string, start: number, {stringQuotes}: Quoting): QueryPart | undefined {
  const quote = query.charAt(start)
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined
  const isString = stringQuotes.includes(quote)
  // `E'…'`, `N'…'`, `_utf8'…'`: a parameter cannot stand there.
  let isPlain = !/[\w$]/.test(query.charAt(start - 1))
  for (let at = start + 1; at < query.length; ) {
    const character = query.charAt(at)
    if (query.startsWith('$(', at)) at = afterName(query, at)
    else if (character === '\\' && isString) {
      isPlain = false
      at += 2
    } else if (character === quote && query.charAt(at + 1) === quote) {
      isPlain = false
      at += 2
    } else if (character === quote) {
      const text = query.slice(start, at + 1)
      return {kind: isString ? (isPlain ? 'string' : 'escaped-string') : 'other', text}
    } else at += 1
  }
  return {kind: 'other', text: query.slice(start)}
}

function commentAt(query: string, start: number): QueryPart | undefined {
  const found = COMMENT_ENDS.find(([begin]) => query.startsWith(begin, start))
  if (!found) return undefined
  const end = query.indexOf(found[1], start + 2)
  return {kind: 'other', text: end < 0 ? query.slice(start) : query.slice(start, end + found[1].length)}
}
