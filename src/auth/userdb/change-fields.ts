import {type Field, formatFields, parseField, parseFields} from './record.js'

/**
 * The fields of a record with new ones set: known ones keep their places, others are appended, doubled ones collapse to the
 * last value. A new record (`text` undefined) has them as they are given.
 */
export function setFields(text: string | undefined, items: readonly string[]): string {
  if (text === undefined) return items.join('|')
  const fields = byName([...parseFields(text), ...items.map(parseField)])
  return formatFields([...fields.values()])
}

/** The fields of a record without those of these names. */
export function unsetFields(text: string, names: readonly string[]): string {
  const fields = byName(parseFields(text))
  for (const name of names) fields.delete(name)
  return formatFields([...fields.values()])
}

function byName(fields: readonly Field[]): Map<string, Field> {
  return new Map(fields.map((field) => [field.name, field]))
}
