import {BadSyntax} from '../../support/fault.js'

type Given = Readonly<Record<string, unknown>>

/** A text that must be there. @throws {BadSyntax} */
export function neededText(given: Given, name: string): string {
  const value = given[name]
  if (typeof value !== 'string' || value === '') throw new BadSyntax(`"${name}" must be a text`)
  return value
}

/** A text that may be left away. @throws {BadSyntax} */
export function optionalText(given: Given, name: string): string | undefined {
  return given[name] === undefined ? undefined : neededText(given, name)
}
