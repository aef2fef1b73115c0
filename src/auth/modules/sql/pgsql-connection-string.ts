import {BadSyntax} from '../../../support/fault.js'

/** Parameters of a libpq connection string `name=value name='va\'lue'` (PostgreSQL manual §34.1.1.1). */
export function parseConnectionString(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  const item = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s'\\]|\\[\s\S])*))(?=\s|$)/y
  while (item.lastIndex < text.trimEnd().length) {
    const at = item.lastIndex
    const found = item.exec(text)
    if (!found)
      throw new BadSyntax(
        `"${
          text
            .slice(at, at + 10)
            .trim()
            .split('=')[0]
        }…" at character ${at + 1} is not name=value`,
      )
    parameters.set(found[1] ?? '', (found[2] ?? found[3] ?? '').replace(/\\([\s\S])/g, '$1'))
  }
  return parameters
}
