import {Fault} from '../../support/fault.js'

/** Settings of an rc file, by name. A name without a value has the empty text. */
export type RcValues = ReadonlyMap<string, string>

/** In the last section of every file that the library installs. */
export const MARKER = /^##NAME: MARKER:/m

/**
 * Reads `authldaprc`, `authmysqlrc`, … (`spec/auth.md` §15). The first value of a name counts; a backslash at the end of a
 * value goes on in the next line. `file` is for messages.
 *
 * @throws {Fault} `bad-configuration` when the marker line of an installed file is missing
 */
export function parseRcFile(text: string, file: string): RcValues {
  if (!MARKER.test(text)) {
    throw new Fault('bad-configuration', `marker line not found in ${file} (probably forgot to run sysconftool after an upgrade)`)
  }
  const values = new Map<string, string>()
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    let line = (lines[at] ?? '').trim()
    if (line === '' || line.startsWith('#')) continue
    const parts: string[] = []
    for (; line.endsWith('\\') && at + 1 < lines.length; line = (lines[at] ?? '').trim()) {
      parts.push(`${line.slice(0, -1)} `)
      at += 1
    }
    const whole = (parts.join('') + (line.endsWith('\\') ? line.slice(0, -1) : line)).trim()
    const name = /^\S+/.exec(whole)?.[0] ?? ''
    if (!values.has(name)) values.set(name, whole.slice(name.length).trim())
  }
  return values
}

/** The value of a name that the module cannot do without: it may be empty, but not absent. */
export function required(values: RcValues, name: string): string {
  const value = values.get(name)
  if (value === undefined) throw new Fault('bad-configuration', `${name} not found`)
  return value
}

/** A whole number at the start of the value, else 0 (as the original reads numbers for LDAP). */
export function leadingNumber(value: string | undefined): number {
  const digits = /^[+-]?\d{1,9}/.exec(value ?? '')?.[0]
  return digits === undefined ? 0 : Number(digits)
}
