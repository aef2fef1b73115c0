import {BadSyntax} from '../../support/fault.js'
import type {ExchangedRecord} from './exchange.js'

/** A record as one line of JSON: `{"name":"ann","fields":{"uid":"5000"}}`. */
export function formatJsonRecord({name, fields}: ExchangedRecord): string {
  return JSON.stringify({name, fields: Object.fromEntries(fields)})
}

/**
 * A list of such objects. Numbers count as their digits.
 *
 * @throws {BadSyntax} with the number of the record
 */
export function parseJsonRecords(text: string): ExchangedRecord[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The message of JSON.parse quotes the text, which holds passwords.
    throw new BadSyntax(`This is no JSON${/position \d+/.exec(String(error))?.[0].replace('position', ': see octet') ?? ''}`)
  }
  if (!Array.isArray(value)) throw new BadSyntax('Expected a list: [{"name": …, "fields": {…}}, …]')
  return value.map((item: unknown, index) => readRecord(item, `Record ${index + 1}`))
}

function readRecord(item: unknown, where: string): ExchangedRecord {
  if (!isObject(item) || typeof item.name !== 'string' || !isObject(item.fields)) {
    throw new BadSyntax(`${where}: expected {"name": "…", "fields": {…}}`)
  }
  const fields = new Map<string, string | null>()
  for (const [name, value] of Object.entries(item.fields)) {
    if (value !== null && typeof value !== 'string' && typeof value !== 'number') {
      throw new BadSyntax(`${where}: the value of ${JSON.stringify(name)} is no text, number or null`)
    }
    fields.set(name, value === null ? null : String(value))
  }
  return {name: item.name, fields}
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
