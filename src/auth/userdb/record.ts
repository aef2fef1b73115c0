/** One field of a userdb record. All texts are octets, one character for each (`spec/auth.md` §3). */
export interface Field {
  readonly name: string
  /** Undefined for a bare field, which is written without `=`. */
  readonly value: string | undefined
}

/** The fields of a record's text, in order; empty ones mean nothing and are dropped. */
export function parseFields(text: string): Field[] {
  return text
    .split('|')
    .filter((item) => item !== '')
    .map(parseField)
}

/** `field=value`, split at the first `=`, or a bare `field`. */
export function parseField(item: string): Field {
  const equals = item.indexOf('=')
  return equals < 0 ? {name: item, value: undefined} : {name: item.slice(0, equals), value: item.slice(equals + 1)}
}

/** `field=value|field`, as it is written to the file. */
export function formatFields(fields: readonly Field[]): string {
  return fields.map(formatField).join('|')
}

export function formatField({name, value}: Field): string {
  return value === undefined ? name : `${name}=${value}`
}

/** Value of the first field of that name: empty for a bare field, undefined when there is none. */
export function fieldValue(fields: readonly Field[], name: string): string | undefined {
  const field = fields.find((candidate) => candidate.name === name)
  return field && (field.value ?? '')
}

/** `_` of makeuserdb, which is the last field: where the text of the record is. */
export function locationOf(fields: readonly Field[]): string {
  return fields.findLast(({name}) => name === '_')?.value ?? ''
}
