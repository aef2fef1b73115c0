import {BadSyntax} from '../../support/fault.js'
import {formatFields, parseFields} from './record.js'

/** An account on its way between userdb and another form. Texts; a bare field has the value null. */
export interface ExchangedRecord {
  readonly name: string
  readonly fields: ReadonlyMap<string, string | null>
}

const octets = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const textOf = (value: string) => Buffer.from(value, 'latin1').toString('utf8')

/** Of doubled fields the first counts, as at login. U+FFFD stands for octets that are not UTF-8. */
export function toExchange(name: string, fields: string): ExchangedRecord {
  const map = new Map<string, string | null>()
  for (const field of parseFields(fields)) {
    const key = textOf(field.name)
    if (!map.has(key)) map.set(key, field.value === undefined ? null : textOf(field.value))
  }
  return {name: textOf(name), fields: map}
}

/** The text of the fields as octets. */
export function fieldsText({fields}: ExchangedRecord): string {
  return formatFields([...fields].map(([name, value]) => ({name: octets(name), value: value === null ? undefined : octets(value)})))
}

/** The name as octets. */
export function nameOctets({name}: ExchangedRecord): string {
  return octets(name)
}

/** Passwords and what is as good as one. */
export function isSecretField(name: string): boolean {
  return name.endsWith('pw')
}

/**
 * Refuses what cannot stand in a line of userdb text, and octets that were lost on the way.
 *
 * @throws {BadSyntax}
 */
export function checkRecord({name, fields}: ExchangedRecord, where: string): void {
  if (name === '' || name === '.' || name.startsWith('#') || /[\t\n\uFFFD]/.test(name)) {
    throw new BadSyntax(`${where}: ${JSON.stringify(name)} cannot be the name of an account`)
  }
  for (const [field, value] of fields) {
    if (!/^[^|=\n\uFFFD]+$/.test(field)) throw new BadSyntax(`${where}: ${JSON.stringify(field)} cannot be the name of a field`)
    if (value !== null && /[|\n\uFFFD]/.test(value))
      throw new BadSyntax(`${where}: the value of "${field}" has a "|", a line feed or octets that are not UTF-8`)
  }
}
