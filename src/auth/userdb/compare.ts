import type {ExchangedRecord} from './exchange.js'

/** One field before and after; undefined: it is not there. A bare field counts as an empty one. */
export interface FieldChange {
  readonly field: string
  readonly from: string | undefined
  readonly to: string | undefined
}

/** What has to happen to an account. */
export interface RecordDifference {
  readonly name: string
  readonly change: 'add' | 'change' | 'remove'
  readonly fields: readonly FieldChange[]
}

/** What leads from the records that are there to those that are wanted; the order of fields does not matter. */
export function compareRecords(
  present: ReadonlyMap<string, ExchangedRecord>,
  wanted: ReadonlyMap<string, ExchangedRecord>,
): readonly RecordDifference[] {
  const differences: RecordDifference[] = []
  for (const [name, record] of wanted) {
    const before = present.get(name)
    const fields = fieldChanges(before, record)
    if (!before) differences.push({name, change: 'add', fields})
    else if (fields.length > 0) differences.push({name, change: 'change', fields})
  }
  for (const [name, record] of present) {
    if (!wanted.has(name)) differences.push({name, change: 'remove', fields: fieldChanges(record, undefined)})
  }
  return differences
}

function fieldChanges(before: ExchangedRecord | undefined, after: ExchangedRecord | undefined): FieldChange[] {
  const names = new Set([...(before?.fields.keys() ?? []), ...(after?.fields.keys() ?? [])])
  const valueIn = (record: ExchangedRecord | undefined, field: string) =>
    record?.fields.has(field) ? (record.fields.get(field) ?? '') : undefined
  return [...names].map((field) => ({field, from: valueIn(before, field), to: valueIn(after, field)})).filter(({from, to}) => from !== to)
}
