/** `authdaemond` in the foreground: the account sources of `authdaemonrc` for other programs, until a signal ends it. */
import {homedir} from 'node:os'
import {AUTHDAEMONRC} from '../../config/authdaemonrc-options.js'
import {defaultPlaces} from '../../config/places.js'
import {hasErrors, problemText} from '../../config/problem.js'
import {type AuthConfiguration, readAuthConfiguration} from '../../config/read-auth-configuration.js'
import type {Log} from '../../log/log.js'
import {Fault} from '../../support/fault.js'
import {accountProblems} from '../account-check.js'
import {authSettings, publicSocketSettings} from '../auth-settings.js'
import {startDaemon} from '../public-socket.js'
import {type AuthSettings, type LocalAuthRole, startAuth} from '../start-auth.js'
import {isRoot} from '../unprivileged-user.js'
import {daemonPidFile, makeDaemonDirectory} from './daemon-directory.js'

/** Requests that take longer are cut at the end. */
const STOP_MS = 10_000
/** Requests that were answered by the old sources when others took their place end in this time. */
const RETIRE_MS = 60_000

export interface AuthdaemondOptions {
  /** Directory with `authdaemonrc`. */
  readonly directory: string
  readonly log: Log
  /** Called when it answers. */
  readonly onReady: () => void
  /** Ends when it is aborted. */
  readonly signal: AbortSignal
  /** Registers what reads the configuration again. */
  readonly onReload: (reload: () => void) => void
}

interface Sources {
  readonly role: LocalAuthRole
  readonly settings: AuthSettings
}

/** @throws {Fault} `bad-configuration` with all problems, one on each line */
export async function loadAuthConfiguration(directory: string): Promise<AuthConfiguration> {
  const configuration = await readAuthConfiguration(directory)
  if (hasErrors(configuration.problems)) throw new Fault('bad-configuration', configuration.problems.map(problemText).join('\n'))
  return configuration
}

/** Serves until `signal`. @throws {Fault} when it cannot start: `busy` when a daemon answers already */
export async function runAuthdaemond({directory, log, onReady, signal, onReload}: AuthdaemondOptions): Promise<void> {
  const configuration = await loadAuthConfiguration(directory)
  const socket = publicSocketSettings(configuration)
  let sources = await startSources(configuration, log)
  await makeDaemonDirectory(socket.directory)
  const pidFile = daemonPidFile(socket.directory)
  if (!(await pidFile.take())) throw new Fault('busy', `Another authdaemond runs in ${socket.directory}`)
  try {
    const server = await startDaemon({socket, role: () => sources, owner: undefined, log})
    await pidFile.write(process.pid)
    const reload = async () => {
      const old = sources
      sources = await startSources(await loadAuthConfiguration(directory), log)
      setTimeout(() => void old.role.close(), RETIRE_MS).unref()
      log.notice('authdaemon.reloaded')
    }
    onReload(() => void reload().catch((error: unknown) => log.error('config.refused', {reason: messageOf(error)})))
    onReady()
    await aborted(signal)
    await server.stop(STOP_MS)
  } finally {
    await pidFile.release()
    await sources.role.close()
  }
}

/** @throws {Fault} `bad-configuration` for a daemon that would ask itself */
async function startSources(configuration: AuthConfiguration, log: Log): Promise<Sources> {
  const {state} = defaultPlaces({root: isRoot(), home: homedir(), env: process.env})
  const settings = {
    ...authSettings(configuration, {defaultMaildir: './Maildir', defaultDomain: {domain: '', separators: undefined}}),
    stateDirectory: state,
  }
  if (settings.modules.includes('authdaemon')) {
    throw new Fault('bad-configuration', 'AUTHDAEMON_SOCKET or authmodulelist names another authdaemond: ask that one')
  }
  for (const problem of configuration.problems) log.warning('config.problem', {reason: problemText(problem)})
  for (const reason of await accountProblems(settings)) log.warning('auth.problem', {reason})
  const names = settings.modules.length > 0 ? settings.modules.join(' ') : '(none)'
  log.info('authdaemon.modules', {reason: `modules="${names}", daemons=${configuration.settings.get(AUTHDAEMONRC.daemons)}`})
  return {role: startAuth(settings, log), settings}
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), {once: true})
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
