/** What the words of a command line say, in the manner of Perl's Getopt::Long. */
export type LongOptions =
  | {readonly ok: true; readonly values: ReadonlyMap<string, string>; readonly on: ReadonlySet<string>}
  | {readonly ok: false; readonly message: string}

export interface LongOptionNames {
  /** Options with a value, after `=` or as the next word. */
  readonly values: readonly string[]
  readonly switches: readonly string[]
}

/** Reads `--name VALUE`, `--name=VALUE` with one or two dashes, in any case, cut short as far as they stay clear. Other words are ignored. */
export function readLongOptions(args: readonly string[], {values: valued, switches}: LongOptionNames): LongOptions {
  const values = new Map<string, string>()
  const on = new Set<string>()
  const rest = [...args]
  for (let word = rest.shift(); word !== undefined && word !== '--'; word = rest.shift()) {
    const parts = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word)
    const asked = parts?.[1]
    if (asked === undefined) continue
    const found = matching(asked, [...valued, ...switches])
    const [name] = found
    if (name === undefined) return {ok: false, message: `Unknown option: ${asked.toLowerCase()}`}
    if (found.length > 1) return {ok: false, message: `Option ${asked.toLowerCase()} is ambiguous (${found.sort().join(', ')})`}
    const given = parts?.[2]
    if (switches.includes(name)) {
      if (given !== undefined) return {ok: false, message: `Option ${name} does not take an argument`}
      on.add(name)
      continue
    }
    const value = given ?? rest.shift()
    if (value === undefined) return {ok: false, message: `Option ${name} requires an argument`}
    values.set(name, value)
  }
  return {ok: true, values, on}
}

function matching(asked: string, names: readonly string[]): string[] {
  const lower = asked.toLowerCase()
  if (names.includes(lower)) return [lower]
  return names.filter((name) => name.startsWith(lower))
}
