/** Reads the configuration of the services from Courier's own files. */
import {access} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf} from '../support/fault.js'
import {configurationFile, inOrder, unknownNames, withoutRepeats} from './configuration-file.js'
import {ENVIRONMENT_NAMES, IMAPD, IMAPD_TOLERATED} from './imapd-options.js'
import {IMAPD_SSL, IMAPD_SSL_TOLERATED} from './imapd-ssl-options.js'
import type {Option} from './option.js'
import {POP3D} from './pop3d-options.js'
import {POP3D_SSL} from './pop3d-ssl-options.js'
import type {Problem} from './problem.js'
import {Settings} from './settings.js'

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
  const plain = await configurationFile(join(directory, name), {problems, ...(whenMissing === undefined ? {} : {whenMissing})})
  // Courier: its start script refuses to start without the `-ssl` file.
  const ssl = await configurationFile(join(directory, `${name}-ssl`), {problems, whenMissing: 'there is no TLS'})
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
