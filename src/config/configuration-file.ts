/** What the readers of the configuration share: files of assignments, as the start scripts source them. */
import {readFile} from 'node:fs/promises'
import {errnoOf} from '../support/fault.js'
import type {Problem} from './problem.js'
import {type Assignment, type Assignments, readShellFile, type ShellSource} from './shell-file.js'

const MAX_FILE_OCTETS = 1_048_576

/** What the start scripts define before they source the files. */
export const SCRIPT_VARIABLES: Assignments = new Map(
  Object.entries({prefix: '/usr', exec_prefix: '/usr', bindir: '/usr/bin', sbindir: '/usr/sbin', libexecdir: '/usr/lib/courier'}).map(
    ([name, value]): [string, Assignment] => [name, {name, value, file: '', line: 0}],
  ),
)

/** Why a file cannot be read, for people. */
function readingProblem(path: string, error: unknown): string {
  const code = errnoOf(error)
  if (code === 'ENOENT') return 'The file does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'The file cannot be read: permission denied'
  if (code === 'EISDIR') return 'A directory stands where a file is expected'
  return `The file cannot be read: ${error instanceof Error ? error.message : path}`
}

export interface ConfigurationFileOptions {
  readonly problems: Problem[]
  /** What its absence means; undefined: it must exist. */
  readonly whenMissing?: string
}

/** The text of a file; undefined when it cannot be read, which goes to `problems`. */
export async function configurationFile(path: string, {problems, whenMissing}: ConfigurationFileOptions): Promise<ShellSource | undefined> {
  try {
    const octets = await readFile(path)
    if (octets.length <= MAX_FILE_OCTETS) return {file: path, text: octets.toString('utf8')}
    problems.push({severity: 'error', file: path, line: undefined, text: `The file is larger than ${MAX_FILE_OCTETS} octets`})
  } catch (error) {
    if (whenMissing !== undefined && errnoOf(error) === 'ENOENT') {
      problems.push({severity: 'warning', file: path, line: undefined, text: `The file does not exist: ${whenMissing}`})
    } else {
      problems.push({severity: 'error', file: path, line: undefined, text: readingProblem(path, error)})
    }
  }
  return undefined
}

/** Values after one file is read after the other; problems go to `problems`. */
export function inOrder(sources: readonly (ShellSource | undefined)[], problems: Problem[]): Assignments {
  let known = SCRIPT_VARIABLES
  for (const each of sources) {
    if (!each) continue
    const result = readShellFile(each, known)
    problems.push(...result.problems)
    known = new Map([...known, ...result.assignments])
  }
  return known
}

/** A warning for each assignment of a name that nobody knows. */
export function unknownNames(assignments: Assignments, isKnown: (name: string) => boolean): Problem[] {
  return [...assignments.values()]
    .filter(({name, line}) => line > 0 && !isKnown(name))
    .map(({name, file, line}) => ({severity: 'warning', file, line, text: `The setting "${name}" is not known`}))
}

export function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
