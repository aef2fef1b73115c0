/** One setting of a configuration file: declared once, with all that reading, checking, templates and documentation need. */
import {BadSyntax} from '../support/fault.js'

/** Where a value is needed: by whoever opens the ports, or by the sessions (`spec/server-config-tls.md` §3.1). */
export type OptionUse = 'start' | 'session'

/** What a setting does here. */
export type OptionEffect =
  | 'obeyed'
  /** Belongs to a part of Courier that this version has not got: told when it is set to something else than shipped. */
  | 'later'
  /** Only another program reads it, or it makes no sense here: accepted, and `courier config check` notes why when it is changed. */
  | 'ignored'

export interface OptionDeclaration<T> {
  /** `##NAME:` label and version of the block in the shipped file (`spec/server-config-tls.md` §7); undefined: in none. */
  readonly block: string | undefined
  /** Value in the shipped file; undefined: shipped as a comment. */
  readonly shipped: string | undefined
  readonly type: string
  readonly unit?: string
  /** What it does, one sentence without a final full stop. */
  readonly text: string
  readonly use: OptionUse
  readonly effect: OptionEffect
  /** Why it has no effect here: every ignored setting says so. */
  readonly because?: string
  /** Version of Courier-IMAP (or "ours") that it first occurs in, where it is known to be newer than 4.0. */
  readonly since?: string
  /** Value of the text; `undefined` stands for "not set". @throws {BadSyntax} */
  read(value: string | undefined): T
}

export interface Option<T> extends OptionDeclaration<T> {
  readonly name: string
}

type Named<Table> = {readonly [Name in keyof Table]: Table[Name] extends OptionDeclaration<infer T> ? Option<T> : never}

/** Gives each declaration the name it has in the table. */
export function optionTable<Table extends Record<string, OptionDeclaration<unknown>>>(table: Table): Named<Table> {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, {...option, name}])) as Named<Table>
}

/** Leading digits as C's `atoi` reads them; 0 when there are none. */
export function atoi(text: string): number {
  const digits = /^\s*([+-]?\d{1,15})/.exec(text)
  return digits ? Number(digits[1]) : 0
}

type Facts = Partial<Pick<OptionDeclaration<unknown>, 'use' | 'effect' | 'because' | 'since' | 'unit'>>

/** For a setting that is accepted and does nothing; `because` continues the sentence "… has no effect here, because". */
export function ignored(because: string): {readonly effect: 'ignored'; readonly because: string} {
  return {effect: 'ignored', because}
}

function declare<T>(
  base: Pick<OptionDeclaration<T>, 'block' | 'shipped' | 'text' | 'type' | 'read'>,
  {use = 'session', effect = 'obeyed', ...rest}: Facts,
): OptionDeclaration<T> {
  return {...base, use, effect, ...rest}
}

/** Any text; `fallback` when it is not set. */
export function text<F extends string | undefined>(
  block: string | undefined,
  shipped: string | undefined,
  about: string,
  {fallback, ...facts}: Facts & {readonly fallback: F},
): OptionDeclaration<string | F> {
  return declare<string | F>({block, shipped, text: about, type: 'text', read: (value) => value ?? fallback}, facts)
}

/** A number that must be above 0. */
export function count(
  block: string | undefined,
  shipped: string | undefined,
  about: string,
  {fallback, ...facts}: Facts & {readonly fallback: number},
): OptionDeclaration<number> {
  const read = (value: string | undefined) => {
    if (value === undefined || value === '') return fallback
    if (atoi(value) <= 0) throw new BadSyntax(`A number above 0 is expected, not "${value}"`)
    return atoi(value)
  }
  return declare({block, shipped, text: about, type: 'number', read}, facts)
}

/** On when `atoi` finds something else than 0: `YES` is off. */
export function flag(
  block: string | undefined,
  shipped: string | undefined,
  about: string,
  {fallback = false, ...facts}: Facts & {readonly fallback?: boolean} = {},
): OptionDeclaration<boolean> {
  const read = (value: string | undefined) => (value === undefined || value === '' ? fallback : atoi(value) !== 0)
  return declare({block, shipped, text: about, type: '0 or 1', read}, facts)
}

/** On when the first letter is `y` or `Y`: `1` is off. */
export function yes(block: string | undefined, shipped: string | undefined, about: string, facts: Facts = {}): OptionDeclaration<boolean> {
  return declare({block, shipped, text: about, type: 'YES or NO', read: (value) => /^y/i.test(value ?? '')}, facts)
}

/** On when it is set and does not begin with `0`; empty counts as on. */
export function unlessZero(
  block: string | undefined,
  shipped: string | undefined,
  about: string,
  facts: Facts = {},
): OptionDeclaration<boolean> {
  return declare({block, shipped, text: about, type: '0 or 1', read: (value) => value !== undefined && !value.startsWith('0')}, facts)
}

/** A setting of its own kind. */
export function special<T>(
  block: string | undefined,
  shipped: string | undefined,
  about: string,
  {type, read, ...facts}: Facts & {readonly type: string; readonly read: (value: string | undefined) => T},
): OptionDeclaration<T> {
  return declare({block, shipped, text: about, type, read}, facts)
}
