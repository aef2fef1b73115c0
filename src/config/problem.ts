/** Something wrong in a configuration file. An error refuses the whole configuration, a warning is only told. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** Line in the file, from 1; undefined when the problem has no line. */
  readonly line: number | undefined
  /** Starts with a capital and has no final full stop. */
  readonly text: string
}

/** One line for people: `FILE:LINE: text`. */
export function problemText({file, line, text}: Problem): string {
  return line === undefined ? `${file}: ${text}` : `${file}:${line}: ${text}`
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({severity}) => severity === 'error')
}
