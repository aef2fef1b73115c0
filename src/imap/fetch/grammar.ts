import {FieldNames} from '../../message/field-scan.js'
import {echoString} from '../../message/nstring.js'
import {BadSyntax} from '../../support/fault.js'
import {isAtomChar} from '../grammar/characters.js'
import type {Cursor} from '../grammar/cursor.js'
import {type DataItem, type FetchItem, MACROS, OLD_NAMES, type PartialRange, type Section, type SectionText} from './items.js'

/** Most items of one FETCH after the macros are written out and repetitions left out. */
const MAX_ITEMS = 1_000
/** Most part numbers of one section: deeper than messages are taken apart. */
const MAX_PATH = 100

const DATA_ITEMS: ReadonlySet<string> = new Set(['FLAGS', 'UID', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY', 'BODYSTRUCTURE'])

/**
 * Reads the items of FETCH: a macro, an item or a list of items (RFC 3501 §9, fetch), each once, in the client's order.
 *
 * Courier: takes macros, an empty list, and one header name without parentheses too; by the RFC these are errors.
 */
export function readFetchItems(line: Cursor): FetchItem[] {
  if (line.peek() === '(') {
    const items = line.list(readItem)
    if (items.length === 0) throw line.expected('an item to fetch')
    return eachOnce(items)
  }
  const mark = line.mark()
  const macro = MACROS[itemName(line)]
  if (macro) return [...macro]
  line.back(mark)
  return [readItem(line)]
}

/** A repeated item is answered once. */
function eachOnce(items: readonly FetchItem[]): FetchItem[] {
  const byName = new Map<string, FetchItem>()
  for (const item of items) {
    const name = typeof item === 'string' ? item : `${item.label} ${item.partial?.count} ${item.peek}`
    if (!byName.has(name)) byName.set(name, item)
  }
  if (byName.size > MAX_ITEMS) throw new BadSyntax(`More than ${MAX_ITEMS} items to fetch`)
  return [...byName.values()]
}

const BRACKET = 0x5b
const LESS = 0x3c
const DOT = 0x2e

/** The name of an item in upper case, up to a bracket. */
function itemName(line: Cursor): string {
  return line.stretch((code) => isAtomChar(code) && code !== BRACKET && code !== LESS).toUpperCase()
}

function readItem(line: Cursor): FetchItem {
  const mark = line.mark()
  const name = itemName(line)
  if (line.peek() === '[' && (name === 'BODY' || name === 'BODY.PEEK')) return readSectionItem(line, name === 'BODY.PEEK')
  const old = OLD_NAMES[name]
  if (old) return old
  if (DATA_ITEMS.has(name)) return name as DataItem
  line.back(mark)
  throw line.expected('an item to fetch')
}

function readSectionItem(line: Cursor, peek: boolean): FetchItem {
  const wanted = readSection(line)
  const partial = readPartial(line)
  return {section: wanted, partial, peek, label: `BODY[${sectionName(wanted)}]${partial ? `<${partial.start}>` : ''}`}
}

/** RFC 3501 §9, section: `[` part numbers and text `]`. */
function readSection(line: Cursor): Section {
  line.skip('[')
  if (line.take(']')) return section([], 'ALL')
  const path: number[] = []
  while (/^[0-9]$/.test(line.peek())) {
    if (path.length >= MAX_PATH) throw line.expected(`no more than ${MAX_PATH} part numbers`)
    path.push(line.nzNumber('a part number'))
    if (line.take(']')) return section(path, 'ALL')
    line.skip('.')
  }
  const text = readSectionText(line, path.length > 0)
  const fields = text.startsWith('HEADER.') ? readHeaderList(line) : []
  line.skip(']')
  return section(path, text, fields)
}

function section(path: readonly number[], text: SectionText, fields: readonly string[] = []): Section {
  return {path, text, fields, names: new FieldNames(fields)}
}

const TEXTS: ReadonlySet<string> = new Set(['HEADER', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT', 'TEXT'])

function readSectionText(line: Cursor, inPart: boolean): SectionText {
  const mark = line.mark()
  const word = line.stretch((code) => code === DOT || (isAtomChar(code) && code !== BRACKET)).toUpperCase()
  if (TEXTS.has(word) || (inPart && word === 'MIME')) return word as SectionText
  line.back(mark)
  throw line.expected('HEADER, TEXT or another part of a message')
}

function readHeaderList(line: Cursor): string[] {
  const fields = line.space().list((inner) => inner.astring('the name of a header'))
  if (fields.length === 0) throw line.expected('the name of a header')
  return fields
}

/** `<start.count>`. Courier: the count may be missing, then everything from the start on is meant. */
function readPartial(line: Cursor): PartialRange | undefined {
  if (!line.take('<')) return undefined
  const start = line.number('the first octet')
  const count = line.take('.') ? line.nzNumber('the number of octets') : Number.POSITIVE_INFINITY
  line.skip('>')
  return {start, count}
}

/** The section as it is repeated in the reply. Courier: header names are quoted, in the client's spelling. */
function sectionName({path, text, fields}: Section): string {
  const words = text === 'ALL' ? [...path] : [...path, text]
  return words.join('.') + (fields.length > 0 ? ` (${fields.map(echoString).join(' ')})` : '')
}
