/**
 * The administrator's queries with `$(name)` in them (`spec/auth.md` §15.1).
 *
 * What a client says never becomes part of a query's text as long as the query allows it: a quoted string with `$(…)` in it, or
 * a `$(…)` that stands alone, becomes one parameter. Elsewhere the value goes into the text: escaped in a string with escape
 * sequences, reduced to letters, digits and `_` within a name or a comment, where nothing could be escaped.
 */
import {type QueryPart, queryParts} from './query-parts.js'

export type QueryValues = Readonly<Record<string, string>>

/** A query for a database: texts with a parameter between any two of them. */
export interface PreparedQuery {
  readonly texts: readonly string[]
  readonly parameters: readonly string[]
}

/** How a database reads quotes. */
export interface Quoting {
  /** Characters that enclose strings: `'`, and for MySQL `"` too. */
  readonly stringQuotes: string
}

export interface PrepareOptions extends Quoting {
  readonly values: QueryValues
  /** Names whose values are words: outside of strings they are put into the text, never a parameter. */
  readonly words: ReadonlySet<string>
}

interface Piece {
  readonly text: string
  /** Set: `text` is the name of a value. */
  readonly isName: boolean
}

/** The text with values for names: single pass, unknown names are empty, an open `$(` takes the rest. */
export function fillIn(query: string, values: QueryValues, render: (value: string, name: string) => string): string {
  return piecesOf(query)
    .map(({text, isName}) => (isName ? render(valueNamed(values, text), text) : text))
    .join('')
}

/** The query with parameters wherever its form allows. */
export function prepareQuery(query: string, options: PrepareOptions): PreparedQuery {
  const {values} = options
  const texts = ['']
  const parameters: string[] = []
  const addText = (text: string) => {
    texts[texts.length - 1] += text
  }
  const addParameter = (value: string) => {
    parameters.push(value)
    texts.push('')
  }
  for (const part of queryParts(query, options)) {
    if (!part.text.includes('$(')) addText(part.text)
    else if (part.kind === 'string') addParameter(fillIn(part.text.slice(1, -1), values, (value) => value))
    else if (part.kind === 'open') addOpenText(piecesOf(part.text), {addText, addParameter, options})
    else addText(fillIn(part.text, values, (value) => escapeFor(part, value)))
  }
  return {texts, parameters}
}

interface Sink {
  readonly addText: (text: string) => void
  readonly addParameter: (value: string) => void
  readonly options: PrepareOptions
}

/** Text outside of quotes: a value that no letter touches is a parameter. */
function addOpenText(pieces: readonly Piece[], {addText, addParameter, options: {values, words}}: Sink): void {
  for (const [index, {text, isName}] of pieces.entries()) {
    const value = isName ? valueNamed(values, text) : text
    const [before, after] = [pieces[index - 1], pieces[index + 1]]
    const touches = before?.isName || after?.isName || /[\w.$]$/.test(before?.text ?? '') || /^[\w.$]/.test(after?.text ?? '')
    if (!isName) addText(value)
    else if (touches || words.has(text)) addText(wordOf(value))
    else addParameter(value)
  }
}

/** Both characters are doubled: right whether or not the server takes the backslash as an escape. */
function escapeFor({kind, text}: QueryPart, value: string): string {
  if (kind !== 'escaped-string') return wordOf(value)
  return value
    .replaceAll('\0', '')
    .replaceAll('\\', '\\\\')
    .replaceAll(text.endsWith('"') ? '"' : "'", (quote) => quote + quote)
}

function wordOf(value: string): string {
  return value.replace(/[^A-Za-z0-9_]/g, '')
}

function valueNamed(values: QueryValues, name: string): string {
  return Object.hasOwn(values, name) ? (values[name] ?? '') : ''
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('$(', at)
    const end = start < 0 ? text.length : start
    if (end > at) pieces.push({text: text.slice(at, end), isName: false})
    if (start < 0) break
    const close = text.indexOf(')', start)
    pieces.push({text: text.slice(start + 2, close < 0 ? text.length : close), isName: true})
    at = close < 0 ? text.length : close + 1
  }
  return pieces
}
