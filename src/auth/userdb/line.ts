/** A line of userdb text, without its LF (`spec/auth.md` §3). Octets, one character for each. */
export type UserdbLine =
  | {readonly kind: 'blank'}
  | {readonly kind: 'comment'}
  | {readonly kind: 'record'; readonly name: string; readonly fields: string}
  /** No TAB: a record without fields to the editor, a key with the value `1` to the compiler. */
  | {readonly kind: 'bare'; readonly name: string}
  /** Starts with a TAB: nobody can find it. */
  | {readonly kind: 'nameless'}

/** What a line is. Only a `#` in the first column makes a comment; CR is part of the last value. */
export function parseLine(line: string): UserdbLine {
  if (line === '') return {kind: 'blank'}
  if (line.startsWith('#')) return {kind: 'comment'}
  const tab = line.indexOf('\t')
  if (tab < 0) return {kind: 'bare', name: line}
  if (tab === 0) return {kind: 'nameless'}
  return {kind: 'record', name: line.slice(0, tab), fields: line.slice(tab + 1)}
}

/** A record as a line; one without fields has no TAB. */
export function formatLine(name: string, fields: string): string {
  return fields === '' ? name : `${name}\t${fields}`
}
