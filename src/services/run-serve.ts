/** The command line of `courier serve` as a server or a demo. */
import {homedir} from 'node:os'
import {authDirectory, configDirectory} from '../config/config-directory.js'
import {defaultPlaces, rolesDirectory} from '../config/places.js'
import {type Endpoint, readPortList} from '../config/port-list.js'
import type {LogFormat} from '../log/create-log.js'
import {takeActivatedSockets} from '../net/activated-sockets.js'
import {BadSyntax, Fault} from '../support/fault.js'
import {tellParent} from './background.js'
import {runDirectory} from './control/client.js'
import {runDemo} from './demo/run-demo.js'
import {type IndexPlace, indexKind} from './index/make-index.js'
import {type HeldPidFile, holdPidFile} from './pid-file.js'
import {becomeSupervisor} from './processes/become-supervisor.js'
import {serve} from './serve.js'
import {SERVICE_NAMES, type ServiceName} from './server-configuration.js'
import {logTarget, type StandardLog, type StandardLogOptions, standardLog} from './standard-log.js'
import type {SupervisorOptions} from './supervisor.js'
import {findUser, isRoot} from './unprivileged-user.js'

export interface ServeCommand {
  readonly services: readonly string[]
  readonly config: string | undefined
  readonly demo: boolean
  readonly demoFolder: string | undefined
  readonly port: string | undefined
  readonly tlsPort: string | undefined
  readonly user: string | undefined
  readonly logFormat: LogFormat
  /** As typed: `stderr`, `syslog`, `syslog:/PATH`. */
  readonly logTarget: string | undefined
  /** File for JSON beside the log. */
  readonly logJson: string | undefined
  readonly debug: boolean
  /** Names this process, and keeps others from starting, for as long as it runs. */
  readonly pidFile: string | undefined
  /** Directory with the files of `templates/`. */
  readonly templates: string
  readonly version: string
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

function servicesOf(words: readonly string[]): readonly ServiceName[] {
  return words.map((word) => {
    const name = SERVICE_NAMES.find((each) => each === word)
    if (!name) throw new Fault('bad-configuration', `There is no service "${word}"; there are: ${SERVICE_NAMES.join(', ')}`)
    return name
  })
}

function endpoints(
  flag: string,
  {text, address}: {readonly text: string | undefined; readonly address: string | undefined},
): readonly Endpoint[] | undefined {
  if (text === undefined) return undefined
  try {
    return readPortList(text, address)
  } catch (error) {
    if (error instanceof BadSyntax) throw new Fault('bad-configuration', `${flag} ${text}: ${error.message}`)
    throw error
  }
}

/** @throws {Fault} `bad-configuration` */
async function logOptions({logFormat, logTarget: word, logJson, debug, env}: ServeCommand): Promise<StandardLogOptions> {
  try {
    return {format: logFormat, debug, target: await logTarget(word, env), jsonFile: logJson}
  } catch (error) {
    if (error instanceof BadSyntax) throw new Fault('bad-configuration', `--log: ${error.message}`)
    throw error
  }
}

/** `COURIER_CACHE` names another cache directory, `COURIER_INDEX` is `off`, `memory` or `flat`. */
export function indexPlace(env: NodeJS.ProcessEnv): IndexPlace {
  const {cache} = defaultPlaces({root: isRoot(), home: homedir(), env})
  const wanted = env.COURIER_CACHE
  return {kind: indexKind(env.COURIER_INDEX), cache: wanted?.startsWith('/') ? wanted : cache}
}

/** Serves until a signal ends it. @throws {Fault} `bad-configuration` when it cannot start, with what to do about it */
export async function runServe(command: ServeCommand): Promise<void> {
  const services = servicesOf(command.services)
  const address = command.demo ? '127.0.0.1' : undefined
  const imap = endpoints('--port', {text: command.port, address})
  const imaps = endpoints('--tls-port', {text: command.tlsPort, address})
  const places = {...(imap ? {imap} : {}), ...(imaps ? {imaps} : {})}
  const pidFile = await holdPidFile(command.pidFile)
  const logging = await logOptions(command)
  const log = standardLog(logging)
  try {
    await serveWith(command, {services, places, log, logging, pidFile})
  } finally {
    await log.close()
    await pidFile.release()
  }
}

interface Prepared {
  readonly services: readonly ServiceName[]
  readonly places: SupervisorOptions['endpoints']
  readonly log: StandardLog
  readonly logging: StandardLogOptions
  readonly pidFile: HeldPidFile
}

async function serveWith(
  {demo, demoFolder, config, env, user, version, print, templates}: ServeCommand,
  {services, places, log, logging, pidFile}: Prepared,
): Promise<void> {
  // The files of the log may have been moved away.
  process.on('SIGHUP', () => void log.reopen())
  if (demo) return runDemo({folder: demoFolder, user, services, endpoints: places, templates, version, log, print})
  if (!isRoot() && user !== undefined) throw new Fault('bad-configuration', 'Only root can serve as another user: leave --user away')
  const run = runDirectory(env)
  const plan = {
    directory: configDirectory(config, env),
    authDirectory: authDirectory(config, env),
    services,
    endpoints: places,
    version,
    index: indexPlace(env),
    stateDirectory: defaultPlaces({root: isRoot(), home: homedir(), env}).state,
    runDirectory: run,
  }
  if (isRoot() && user === undefined) {
    await becomeSupervisor({...plan, logging, socketDirectory: rolesDirectory(run), pidFile: pidFile.path}, pidFile)
  }
  await serve({
    ...plan,
    activated: takeActivatedSockets(env, process.pid),
    user: user === undefined ? undefined : await findUser(user),
    log,
    lostLogLines: () => log.lost(),
    identifyLogs: (identities) => log.identify(identities),
    onReady: () => void tellParent('ready'),
  })
}
