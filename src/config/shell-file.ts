/**
 * Reads `NAME=value` files as `sh` would source them, without a shell (`spec/server-config-tls.md` §3).
 *
 * All problems of a file are collected. What is real shell is refused, never ignored.
 */
import type {Problem} from './problem.js'
import {assignmentOf, type ScannedCommand, ShellScanner} from './shell-scanner.js'

export interface ShellSource {
  /** Name for messages. */
  readonly file: string
  readonly text: string
}

/** A variable with where it was set last. */
export interface Assignment {
  readonly name: string
  readonly value: string
  readonly file: string
  readonly line: number
}

export type Assignments = ReadonlyMap<string, Assignment>

export interface ShellFileResult {
  /** What the file assigns, last value of each name. */
  readonly assignments: Assignments
  readonly problems: readonly Problem[]
}

/** Words that begin a shell construct: named in the message, because "not an assignment" would puzzle. */
const SHELL_WORDS = /^(if|then|else|elif|fi|for|while|until|do|done|case|esac|function|\.|source|eval|set|unset|readonly|test|\[|!|\{|\})$/

function problemWith({words, problem}: ScannedCommand): {line: number; text: string} | undefined {
  if (problem) return problem
  const first = words[0]
  const index = first?.text === 'export' && first.equalsAt < 0 ? 1 : 0
  const wrong = words.slice(index).find((word) => word.equalsAt < 0 && !(index === 1 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(word.text)))
  if (!wrong) return undefined
  const {line, text} = wrong
  if (wrong === first && SHELL_WORDS.test(text))
    return {line, text: `The shell command "${text}" is not supported here; only NAME=value is`}
  const before = words[words.indexOf(wrong) - 1]
  if (words[1]?.text.startsWith('=')) return {line, text: `Blanks around "=" do not assign "${text}"; write ${text}="value"`}
  if (before && before.equalsAt >= 0) {
    return {line, text: `"${text}" stands after a blank and is not part of the value; write ${before.text.slice(0, before.equalsAt)}="…"`}
  }
  return {line, text: `"${text}" is not an assignment; only NAME=value is supported here`}
}

/** Reads one file. `before`: variables that earlier files (or the program) set; they can be used with `$NAME`. */
export function readShellFile({file, text}: ShellSource, before: Assignments): ShellFileResult {
  const assignments = new Map<string, Assignment>()
  const problems: Problem[] = []
  const error = (line: number, message: string) => problems.push({severity: 'error', file, line, text: message})
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    error(text.slice(0, nul).split('\n').length, 'A NUL byte is in the file')
    return {assignments, problems}
  }
  const carriageReturn = text.indexOf('\r\n')
  if (carriageReturn >= 0) {
    error(
      text.slice(0, carriageReturn + 1).split('\n').length,
      'The line ends with a carriage return, which would belong to the value; save the file with Unix line ends',
    )
    return {assignments, problems}
  }
  const scanner = new ShellScanner(text, (name) => (assignments.get(name) ?? before.get(name))?.value)
  for (let command = scanner.next(); command; command = scanner.next()) {
    const problem = problemWith(command)
    if (problem) error(problem.line, problem.text)
    for (const word of problem ? [] : command.words.filter((each) => each.equalsAt >= 0)) {
      const [name, value] = assignmentOf(word)
      assignments.set(name, {name, value, file, line: word.line})
    }
  }
  return {assignments, problems}
}
