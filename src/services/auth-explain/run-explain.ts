import {randomBytes} from 'node:crypto'
import {homedir} from 'node:os'
import {AppPasswordStore} from '../../auth/app-passwords/store.js'
import {loadTryLock} from '../../auth/native.js'
import {authDirectory} from '../../config/config-directory.js'
import {defaultPlaces} from '../../config/places.js'
import type {Log} from '../../log/log.js'
import type {Secret} from '../../log/secret.js'
import {accountProblems} from '../account-check.js'
import {accountChain} from '../account-modules.js'
import {authSettingsOf} from '../account-source.js'
import {isRoot} from '../unprivileged-user.js'
import {explainLogin} from './explain.js'
import type {Explanation} from './step.js'

export interface ExplainCommand {
  readonly user: string
  readonly service: string
  readonly password: Secret | undefined
  readonly config: string | undefined
  readonly state: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** @throws {Fault} `bad-configuration` */
export async function runExplain({user, service, password, config, state, env}: ExplainCommand): Promise<Explanation> {
  const settings = await authSettingsOf(authDirectory(config, env), env)
  const accounts = accountChain(settings, quiet)
  const directory = state ?? defaultPlaces({root: isRoot(), home: homedir(), env}).state
  const appPasswords = new AppPasswordStore({directory, tryLock: loadTryLock, random: randomBytes})
  try {
    return await explainLogin({
      user,
      service,
      password,
      listed: settings.modules,
      problems: await accountProblems(settings),
      modules: accounts.modules,
      defaults: {options: settings.defaultOptions, maildir: settings.defaultMaildir},
      defaultDomain: settings.defaultDomain,
      appPasswords,
    })
  } finally {
    await appPasswords.close()
    await accounts.close()
  }
}

/** What the modules would log is in the steps. */
const quiet: Log = {debug: nothing, info: nothing, notice: nothing, warning: nothing, error: nothing}

function nothing(): void {}

/** For people. */
export function explanationText({user, service, steps, verdict}: Explanation): string {
  const width = Math.max(...steps.map(({step}) => step.length))
  const lines = steps.map(({step, outcome, text, ms}) => {
    const time = ms === undefined ? '' : ` (${ms.toFixed(1)} ms)`
    return `  ${outcome.padEnd(8)} ${step.padEnd(width)}  ${text}${time}\n`
  })
  return `${user}, service ${service}\n${lines.join('')}=> ${verdict}\n`.replace(/[^\P{C}\n]/gu, '.')
}
