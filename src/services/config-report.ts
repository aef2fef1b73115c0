/** What `courier config` tells about the configuration files. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {authDirectory, configDirectory} from '../config/config-directory.js'
import {IMAPD, IMAPD_TOLERATED} from '../config/imapd-options.js'
import {IMAPD_SSL, IMAPD_SSL_TOLERATED} from '../config/imapd-ssl-options.js'
import type {Option} from '../config/option.js'
import {POP3D} from '../config/pop3d-options.js'
import {POP3D_SSL} from '../config/pop3d-ssl-options.js'
import {hasErrors, type Problem, problemText} from '../config/problem.js'
import {readAuthConfiguration} from '../config/read-auth-configuration.js'
import {type Configuration, type Pop3Configuration, readConfiguration, readPop3Configuration} from '../config/read-configuration.js'
import type {Settings} from '../config/settings.js'
import {certificateProblems} from './certificate-check.js'
import {memoryExpectation} from './processes/expectations.js'
import {isRoot} from './unprivileged-user.js'

/** A setting as it counts for one service. */
export interface ShownSetting {
  readonly service: 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'auth'
  readonly name: string
  /** undefined: not set, the default counts. */
  readonly value: string | undefined
  /** `FILE:LINE`. */
  readonly origin: string | undefined
}

export interface ConfigReport {
  readonly problems: readonly Problem[]
  /** One line for each problem. */
  readonly lines: readonly string[]
  readonly ok: boolean
  readonly settings: readonly ShownSetting[]
}

function options(table: object): readonly Option<unknown>[] {
  return Object.values(table)
}

function shown(service: ShownSetting['service'], settings: Settings, list: readonly Option<unknown>[]): ShownSetting[] {
  return list.map((option) => {
    const found = settings.assignmentOf(option)
    return {service, name: option.name, value: found?.value, origin: found && `${found.file}:${found.line}`}
  })
}

/** Certificates of the services that are switched on. */
async function imapCertificates({imap, imaps, directory}: Configuration): Promise<Problem[]> {
  const where = {file: join(directory, 'imapd-ssl'), now: new Date()}
  const starttls = imap.get(IMAPD_SSL.IMAPDSTARTTLS) ? await certificateProblems(imap, {startTls: true, ...where}) : []
  const tls = imaps.get(IMAPD_SSL.IMAPDSSLSTART) ? await certificateProblems(imaps, {startTls: false, ...where}) : []
  return [...starttls, ...tls]
}

async function pop3Certificates({pop3s, directory}: Pop3Configuration): Promise<Problem[]> {
  if (!pop3s.get(POP3D_SSL.POP3DSSLSTART)) return []
  return certificateProblems(pop3s, {startTls: false, file: join(directory, 'pop3d-ssl'), now: new Date()})
}

function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()]
}

/** Reads all files; does not throw for what is in them. */
export async function configReport(config: string | undefined, env: NodeJS.ProcessEnv): Promise<ConfigReport> {
  const directory = configDirectory(config, env)
  const servers = await readConfiguration(directory)
  const pop3 = await readPop3Configuration(directory)
  const auth = await readAuthConfiguration(authDirectory(config, env))
  const problems = [...servers.problems, ...(pop3?.problems ?? []), ...auth.problems]
  if (!hasErrors(servers.problems)) problems.push(...(await imapCertificates(servers)))
  if (pop3 && !hasErrors(pop3.problems)) problems.push(...(await pop3Certificates(pop3)))
  const expected = isRoot()
    ? memoryExpectation(auth.settings.get(AUTHDAEMONRC.authmodulelist), await readFile('/etc/passwd', 'latin1'))
    : undefined
  const memory: Problem[] =
    expected === undefined ? [] : [{severity: 'note', file: join(auth.directory, 'authdaemonrc'), line: undefined, text: expected}]
  const all = withoutRepeats([...problems, ...servers.notes, ...(pop3?.notes ?? []), ...auth.notes, ...memory])
  const imapOptions = [...options(IMAPD), ...options(IMAPD_SSL)]
  const pop3Options = [...options(POP3D), ...options(POP3D_SSL)]
  return {
    problems: all,
    lines: all.map((problem) => `${problem.severity}: ${problemText(problem)}`),
    ok: !hasErrors(all),
    settings: [
      ...shown('imap', servers.imap, imapOptions),
      ...shown('imaps', servers.imaps, imapOptions),
      ...(pop3 ? [...shown('pop3', pop3.pop3, pop3Options), ...shown('pop3s', pop3.pop3s, pop3Options)] : []),
      ...shown('auth', auth.settings, options(AUTHDAEMONRC)),
    ],
  }
}

/** What a setting is for. */
export interface Explanation {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly type: string
  readonly unit: string | undefined
  readonly shipped: string | undefined
  readonly effect: string
  readonly since: string | undefined
}

const EFFECTS = {obeyed: 'obeyed', later: 'no effect in this version', ignored: 'accepted, but no effect'} as const

const TABLES = {imapd: IMAPD, 'imapd-ssl': IMAPD_SSL, pop3d: POP3D, 'pop3d-ssl': POP3D_SSL, authdaemonrc: AUTHDAEMONRC} as const

function effectText({effect, because}: Option<unknown>, file: string): string {
  if (because !== undefined) return `${EFFECTS.ignored}, because ${because}`
  if (effect === 'obeyed' && file.startsWith('pop3d')) return 'read and checked; POP3 itself is not in this version'
  return EFFECTS[effect]
}

function oldSetting(name: string): readonly Explanation[] {
  const found = [...IMAPD_TOLERATED, ...IMAPD_SSL_TOLERATED].find(([each]) => each.toLowerCase() === name.toLowerCase())
  if (!found) return []
  return [
    {
      name: found[0],
      file: 'old or undocumented',
      text: 'A setting that has no place in the files',
      type: 'text',
      unit: undefined,
      shipped: undefined,
      effect: `${EFFECTS.ignored}, because ${found[1]}`,
      since: undefined,
    },
  ]
}

/** Where the configuration sets it, for each service that it counts for. */
export async function valuesOf(name: string, config: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly ShownSetting[]> {
  const {settings} = await configReport(config, env)
  return settings.filter((setting) => setting.name.toLowerCase() === name.toLowerCase() && setting.value !== undefined)
}

/** The setting of that name, in each file that has one. */
export function explainSetting(name: string): readonly Explanation[] {
  const current = Object.entries(TABLES).flatMap(([file, table]) =>
    options(table)
      .filter((option) => option.name.toLowerCase() === name.toLowerCase())
      .map((option) => ({
        name: option.name,
        file,
        text: option.text,
        type: option.type,
        unit: option.unit,
        shipped: option.shipped,
        effect: effectText(option, file),
        since: option.since,
      })),
  )
  return current.length > 0 ? current : oldSetting(name)
}
