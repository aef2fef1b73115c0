/** Reads the configuration of the services from Courier's own files. */
import {access, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../support/fault.js'
import {AUTHDAEMONRC, isAuthdaemonrcTolerated} from './authdaemonrc-options.js'
import {ENVIRONMENT_NAMES, IMAPD, IMAPD_TOLERATED} from './imapd-options.js'
import {IMAPD_SSL, IMAPD_SSL_TOLERATED} from './imapd-ssl-options.js'
import type {Option} from './option.js'
import {POP3D} from './pop3d-options.js'
import {POP3D_SSL} from './pop3d-ssl-options.js'
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
  /** Settings that do nothing here, for those who ask. */
  readonly notes: readonly Problem[]
}

/** The same for POP3: the plain port, with STLS, and the TLS port. */
export interface Pop3Configuration {
  readonly directory: string
  readonly pop3: Settings
  readonly pop3s: Settings
  readonly problems: readonly Problem[]
  readonly notes: readonly Problem[]
}

export interface AuthConfiguration {
  readonly directory: string
  readonly settings: Settings
  readonly problems: readonly Problem[]
  readonly notes: readonly Problem[]
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

interface ServiceFiles {
  readonly directory: string
  /** Name of the file of the plain port; the other one has `-ssl` behind it. */
  readonly name: string
  /** What it means that the plain file is missing; undefined: that is an error. */
  readonly whenMissing?: string
  readonly options: readonly Option<unknown>[]
  /** Names that do nothing, and why. */
  readonly tolerated: ReadonlyMap<string, string>
}

interface ServicePair {
  readonly plain: Settings
  readonly tls: Settings
  readonly problems: readonly Problem[]
  readonly notes: readonly Problem[]
}

/**
 * Reads the two files of one protocol. Debian's order, as its start scripts have it: on the plain port what opens the ports comes from
 * the plain file and the sessions see the `-ssl` file last; on the TLS port both see the `-ssl` file last.
 */
async function readPair({directory, name, whenMissing, options, tolerated}: ServiceFiles): Promise<ServicePair> {
  const problems: Problem[] = []
  const plain = await source(join(directory, name), {problems, ...(whenMissing === undefined ? {} : {whenMissing})})
  // Courier: its start script refuses to start without the `-ssl` file.
  const ssl = await source(join(directory, `${name}-ssl`), {problems, whenMissing: 'there is no TLS'})
  const sslLast = inOrder([plain, ssl], problems)
  const plainLast = inOrder([ssl, plain], problems)
  const settings = {plain: new Settings({start: plainLast, session: sslLast}), tls: new Settings({start: sslLast, session: sslLast})}
  const names = new Set(options.map((option) => option.name))
  const isKnown = (each: string) => names.has(each) || tolerated.has(each) || ENVIRONMENT_NAMES.has(each) || /^AUTHSERVICE\d+$/.test(each)
  problems.push(...settings.plain.check(options), ...settings.tls.check(options), ...unknownNames(sslLast, isKnown))
  const old = [...sslLast.values()].flatMap(({name: each, file, line}): Problem[] => {
    const because = line > 0 ? tolerated.get(each) : undefined
    return because === undefined ? [] : [{severity: 'note', file, line, text: `${each} has no effect here, because ${because}`}]
  })
  const notes = [...settings.plain.notes(options), ...settings.tls.notes(options), ...old]
  return {...settings, problems: withoutRepeats(problems), notes: withoutRepeats(notes)}
}

/** Reads `imapd` and `imapd-ssl`. Does not throw for what is in them: see `problems`. */
export async function readConfiguration(directory: string): Promise<Configuration> {
  const {plain, tls, problems, notes} = await readPair({
    directory,
    name: 'imapd',
    options: [...Object.values(IMAPD), ...Object.values(IMAPD_SSL)],
    tolerated: new Map([...IMAPD_TOLERATED, ...IMAPD_SSL_TOLERATED]),
  })
  return {directory, imap: plain, imaps: tls, problems, notes}
}

/**
 * Reads `pop3d` and `pop3d-ssl`; undefined when there is neither. Does not throw for what is in them: see `problems`.
 *
 * They are read and checked; POP3 itself is not in this version.
 */
export async function readPop3Configuration(directory: string): Promise<Pop3Configuration | undefined> {
  const found = await Promise.all(['pop3d', 'pop3d-ssl'].map((name) => access(join(directory, name)).catch(errnoOf)))
  if (found.every((code) => code === 'ENOENT')) return undefined
  const {plain, tls, problems, notes} = await readPair({
    directory,
    name: 'pop3d',
    whenMissing: 'POP3 is not configured',
    options: [...Object.values(POP3D), ...Object.values(POP3D_SSL)],
    tolerated: new Map([...IMAPD_TOLERATED, ...IMAPD_SSL_TOLERATED]),
  })
  return {directory, pop3: plain, pop3s: tls, problems, notes}
}

/** Reads `authdaemonrc`. Does not throw for what is in it: see `problems`. */
export async function readAuthConfiguration(directory: string): Promise<AuthConfiguration> {
  const problems: Problem[] = []
  const path = join(directory, 'authdaemonrc')
  const found = await source(path, {problems, whenMissing: 'accounts come from userdb'})
  const assignments = inOrder([found ?? {file: path, text: 'authmodulelist=authuserdb'}], problems)
  const settings = new Settings({start: assignments, session: assignments})
  const isKnown = (name: string) => name in AUTHDAEMONRC || isAuthdaemonrcTolerated(name) || SCRIPT_VARIABLES.has(name)
  const options = Object.values(AUTHDAEMONRC)
  problems.push(...settings.check(options), ...unknownNames(assignments, isKnown))
  return {directory, settings, problems: withoutRepeats(problems), notes: settings.notes(options)}
}
