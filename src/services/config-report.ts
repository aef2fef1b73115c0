/** What `courier config` tells about the configuration files. */
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {authDirectory, configDirectory} from '../config/config-directory.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Option} from '../config/option.js'
import {hasErrors, type Problem, problemText} from '../config/problem.js'
import {readAuthConfiguration, readConfiguration} from '../config/read-configuration.js'
import type {Settings} from '../config/settings.js'

/** A setting as it counts for one service. */
export interface ShownSetting {
  readonly service: 'imap' | 'imaps' | 'auth'
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

/** Reads all files; does not throw for what is in them. */
export async function configReport(config: string | undefined, env: NodeJS.ProcessEnv): Promise<ConfigReport> {
  const servers = await readConfiguration(configDirectory(config, env))
  const auth = await readAuthConfiguration(authDirectory(config, env))
  const problems = [...servers.problems, ...auth.problems]
  const imapOptions = [...options(IMAPD), ...options(IMAPD_SSL)]
  return {
    problems,
    lines: problems.map((problem) => `${problem.severity}: ${problemText(problem)}`),
    ok: !hasErrors(problems),
    settings: [
      ...shown('imap', servers.imap, imapOptions),
      ...shown('imaps', servers.imaps, imapOptions),
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

const EFFECTS = {obeyed: 'obeyed', later: 'no effect in this version', ignored: 'accepted, not needed here'} as const

/** The setting of that name, in each file that has one. */
export function explainSetting(name: string): readonly Explanation[] {
  return Object.entries({imapd: IMAPD, 'imapd-ssl': IMAPD_SSL, authdaemonrc: AUTHDAEMONRC}).flatMap(([file, table]) =>
    options(table)
      .filter((option) => option.name.toLowerCase() === name.toLowerCase())
      .map(({name: found, text, type, unit, shipped, effect, since}) => ({
        name: found,
        file,
        text,
        type,
        unit,
        shipped,
        effect: EFFECTS[effect],
        since,
      })),
  )
}
