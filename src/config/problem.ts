/**
 * Something to tell about a configuration file. An error refuses the whole configuration; a warning is told at every start; a note
 * only to those who ask.
 */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'note'
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
