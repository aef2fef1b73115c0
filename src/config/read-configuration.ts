/** Reads the configuration of the IMAP services from Courier's own files. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../support/fault.js'
import {AUTHDAEMONRC, isAuthdaemonrcTolerated} from './authdaemonrc-options.js'
import {IMAPD, IMAPD_TOLERATED} from './imapd-options.js'
import {IMAPD_SSL, IMAPD_SSL_TOLERATED} from './imapd-ssl-options.js'
import type {Problem} from './problem.js'
import {Settings} from './settings.js'
import {type Assignment, type Assignments, readShellFile, type ShellSource} from './shell-file.js'

export interface Configuration {
  readonly directory: string
  /** The plain port, with STARTTLS. */
  readonly imap: Settings
  /** The TLS port. */
  readonly imaps: Settings
  /** Of all files, each once. With an error among them the settings must not be used. */
  readonly problems: readonly Problem[]
}

export interface AuthConfiguration {
  readonly directory: string
  readonly settings: Settings
  readonly problems: readonly Problem[]
}

const MAX_FILE_OCTETS = 1_048_576

/** What the start scripts define before they source the files. */
const SCRIPT_VARIABLES: Assignments = new Map(
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

interface SourceOptions {
  readonly problems: Problem[]
  /** What its absence means; undefined: it must exist. */
  readonly whenMissing?: string
}

async function source(path: string, {problems, whenMissing}: SourceOptions): Promise<ShellSource | undefined> {
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
function inOrder(sources: readonly (ShellSource | undefined)[], problems: Problem[]): Assignments {
  let known = SCRIPT_VARIABLES
  for (const each of sources) {
    if (!each) continue
    const result = readShellFile(each, known)
    problems.push(...result.problems)
    known = new Map([...known, ...result.assignments])
  }
  return known
}

function unknownNames(assignments: Assignments, isKnown: (name: string) => boolean): Problem[] {
  return [...assignments.values()]
    .filter(({name, line}) => line > 0 && !isKnown(name))
    .map(({name, file, line}) => ({severity: 'warning', file, line, text: `The setting "${name}" is not known`}))
}

function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}

function isKnownToImap(name: string): boolean {
  return name in IMAPD || name in IMAPD_SSL || IMAPD_TOLERATED.has(name) || IMAPD_SSL_TOLERATED.has(name) || /^AUTHSERVICE\d+$/.test(name)
}

/**
 * Reads `imapd` and `imapd-ssl`. Does not throw for what is in them: see `problems`.
 *
 * Debian's order, as its start scripts have it: on the plain port what opens the ports comes from `imapd` and the sessions see
 * `imapd-ssl` last; on the TLS port both see `imapd-ssl` last.
 */
export async function readConfiguration(directory: string): Promise<Configuration> {
  const problems: Problem[] = []
  const plain = await source(join(directory, 'imapd'), {problems})
  // Courier: its start script refuses to start without `imapd-ssl`.
  const ssl = await source(join(directory, 'imapd-ssl'), {problems, whenMissing: 'there is no TLS'})
  const sslLast = inOrder([plain, ssl], problems)
  const plainLast = inOrder([ssl, plain], problems)
  const imap = new Settings({start: plainLast, session: sslLast})
  const imaps = new Settings({start: sslLast, session: sslLast})
  const options = [...Object.values(IMAPD), ...Object.values(IMAPD_SSL)]
  problems.push(...imap.check(options), ...imaps.check(options), ...unknownNames(sslLast, isKnownToImap))
  return {directory, imap, imaps, problems: withoutRepeats(problems)}
}

/** Reads `authdaemonrc`. Does not throw for what is in it: see `problems`. */
export async function readAuthConfiguration(directory: string): Promise<AuthConfiguration> {
  const problems: Problem[] = []
  const path = join(directory, 'authdaemonrc')
  const found = await source(path, {problems, whenMissing: 'accounts come from userdb'})
  const assignments = inOrder([found ?? {file: path, text: 'authmodulelist=authuserdb'}], problems)
  const settings = new Settings({start: assignments, session: assignments})
  const isKnown = (name: string) => name in AUTHDAEMONRC || isAuthdaemonrcTolerated(name) || SCRIPT_VARIABLES.has(name)
  problems.push(...settings.check(Object.values(AUTHDAEMONRC)), ...unknownNames(assignments, isKnown))
  return {directory, settings, problems: withoutRepeats(problems)}
}
