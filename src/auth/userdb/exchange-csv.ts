import {BadSyntax} from '../../support/fault.js'
import type {ExchangedRecord} from './exchange.js'

/** A line of CSV for these columns (RFC 4180). A field that is absent is nothing, one that is empty is `""`. */
export function formatCsvRecord({name, fields}: ExchangedRecord, columns: readonly string[]): string {
  return formatCsvLine([
    name,
    ...columns.map((column) => {
      const value = fields.get(column)
      return value === undefined ? undefined : (value ?? '')
    }),
  ])
}

export function formatCsvLine(cells: readonly (string | undefined)[]): string {
  const cell = (value: string | undefined) => {
    if (value === undefined) return ''
    return value === '' || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  }
  return `${cells.map(cell).join(',')}\r\n`
}

/**
 * Records of a CSV file: the first line names the columns, one of them `name`.
 *
 * @throws {BadSyntax} with the line
 */
export function parseCsvRecords(text: string): ExchangedRecord[] {
  const [head, ...rows] = parseCsv(text.replace(/^\uFEFF/, ''))
  const columns = head?.cells.map((cell) => cell ?? '') ?? []
  const nameAt = columns.indexOf('name')
  if (nameAt < 0) throw new BadSyntax('Line 1: expected names of columns, one of them "name"')
  if (new Set(columns).size < columns.length) throw new BadSyntax('Line 1: a column occurs twice')
  return rows.map(({cells, line}) => {
    if (cells.length > columns.length) throw new BadSyntax(`Line ${line}: more cells than columns`)
    const fields = new Map<string, string | null>()
    for (const [index, column] of columns.entries()) {
      const cell = cells[index]
      if (index !== nameAt && cell !== undefined) fields.set(column, cell)
    }
    return {name: cells[nameAt] ?? '', fields}
  })
}

interface Row {
  /** Undefined: nothing, not even quotes. */
  readonly cells: readonly (string | undefined)[]
  /** Where it begins, from 1. */
  readonly line: number
}

/** Cells with or without quotes; lines end in LF or CR LF; empty lines do not count. */
function parseCsv(text: string): Row[] {
  const rows: Row[] = []
  const token = /(?:"((?:[^"]+|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy
  let cells: (string | undefined)[] = []
  let [line, start] = [1, 1]
  for (;;) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw new BadSyntax(`Line ${line}: a quote in a cell that does not begin with one, or one that never ends`)
    const [whole, quoted, plain, end] = match
    cells.push(quoted === undefined ? plain || undefined : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end === ',') continue
    if (cells.length > 1 || cells[0] !== undefined) rows.push({cells, line: start})
    cells = []
    start = line
    if (end === '' || at + whole.length >= text.length) return rows
  }
}
