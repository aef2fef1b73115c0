/** The command line of `courier serve` as a server or a demo. */
import {homedir} from 'node:os'
import {authDirectory, configDirectory} from '../config/config-directory.js'
import {defaultPlaces} from '../config/places.js'
import {type Endpoint, readPortList} from '../config/port-list.js'
import type {LogFormat} from '../log/create-log.js'
import {takeActivatedSockets} from '../net/activated-sockets.js'
import {BadSyntax, Fault} from '../support/fault.js'
import {runDirectory} from './control/client.js'
import {runDemo} from './demo/run-demo.js'
import {type IndexPlace, indexKind} from './index/make-index.js'
import {serve, standardLog} from './serve.js'
import {SERVICE_NAMES, type ServiceName} from './server-configuration.js'
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
  readonly debug: boolean
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

/** `COURIER_CACHE` names another cache directory, `COURIER_INDEX` is `off`, `memory` or `flat`. */
export function indexPlace(env: NodeJS.ProcessEnv): IndexPlace {
  const {cache} = defaultPlaces({root: isRoot(), home: homedir(), env})
  const wanted = env.COURIER_CACHE
  return {kind: indexKind(env.COURIER_INDEX), cache: wanted?.startsWith('/') ? wanted : cache}
}

/** Serves until a signal ends it. @throws {Fault} `bad-configuration` when it cannot start, with what to do about it */
export async function runServe(command: ServeCommand): Promise<void> {
  const {demo, config, env, user, version, print, templates} = command
  const services = servicesOf(command.services)
  const address = demo ? '127.0.0.1' : undefined
  const imap = endpoints('--port', {text: command.port, address})
  const imaps = endpoints('--tls-port', {text: command.tlsPort, address})
  const places = {...(imap ? {imap} : {}), ...(imaps ? {imaps} : {})}
  const log = standardLog({format: command.logFormat, debug: command.debug})
  if (demo) return runDemo({folder: command.demoFolder, user, services, endpoints: places, templates, version, log, print})
  if (isRoot() && user === undefined) {
    throw new Fault('bad-configuration', 'Mail is not served as root. Name the user that owns the Maildirs: --user NAME')
  }
  if (!isRoot() && user !== undefined) throw new Fault('bad-configuration', 'Only root can serve as another user: leave --user away')
  await serve({
    directory: configDirectory(config, env),
    authDirectory: authDirectory(config, env),
    services,
    endpoints: places,
    user: user === undefined ? undefined : await findUser(user),
    version,
    index: indexPlace(env),
    stateDirectory: defaultPlaces({root: isRoot(), home: homedir(), env}).state,
    runDirectory: runDirectory(env),
    activated: takeActivatedSockets(env, process.pid),
    log,
    onReady: () => undefined,
  })
}
