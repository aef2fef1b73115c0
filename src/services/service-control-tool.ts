/** `imapd`, `imapd-ssl`, `pop3d`, `pop3d-ssl` with `start`, `stop`, `restart` and `status`, as Courier's start scripts (`spec/server-config-tls.md` §3.2). */
import {access, mkdir, realpath} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {loadTryLock} from '../auth/native.js'
import {configDirectory} from '../config/config-directory.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Option} from '../config/option.js'
import {POP3D} from '../config/pop3d-options.js'
import {POP3D_SSL} from '../config/pop3d-ssl-options.js'
import {hasErrors, type Problem, problemText} from '../config/problem.js'
import {readConfiguration, readPop3Configuration} from '../config/read-configuration.js'
import type {Settings} from '../config/settings.js'
import {Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {reloadDaemon, startInBackground, stopDaemon} from './background.js'
import type {StdioSession} from './imap-on-stdio.js'
import {PidFile} from './pid-file.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const VERBS = ['start', 'stop', 'restart', 'status'] as const
type Verb = (typeof VERBS)[number]

/** Exit code of `status` when nothing runs, as in the Linux Standard Base. */
const NOT_RUNNING = 3

interface Service {
  readonly name: 'imapd' | 'imapd-ssl' | 'pop3d' | 'pop3d-ssl'
  /** Of `courier serve`; undefined: not in this version. */
  readonly serve: 'imap' | 'imaps' | undefined
  readonly pidFile: Option<string | undefined>
}

const SERVICES: readonly Service[] = [
  {name: 'imapd', serve: 'imap', pidFile: IMAPD.PIDFILE},
  {name: 'imapd-ssl', serve: 'imaps', pidFile: IMAPD_SSL.SSLPIDFILE},
  {name: 'pop3d', serve: undefined, pidFile: POP3D.PIDFILE},
  {name: 'pop3d-ssl', serve: undefined, pidFile: POP3D_SSL.SSLPIDFILE},
]

interface Request {
  readonly config: string | undefined
  readonly word: string | undefined
  /** Options of `courier serve`. */
  readonly others: readonly string[]
}

/** The tool of one service. `imapd` with another word is a session for the Maildir of that name. */
export function serviceControlTool(name: Service['name']): Tool {
  const service = SERVICES.find((each) => each.name === name)
  return async (args, io) => {
    const {config, word, others} = requestOf(args)
    const verb = VERBS.find((each) => each === word)
    const maildir = maildirOf(word, io.env)
    if (name === 'imapd' && verb === undefined && maildir !== undefined) return session({maildir, config, env: io.env}, io)
    if (!service || verb === undefined) return refuse(name, word, io)
    try {
      return await control(service, {verb, config, others, io})
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      for (const line of error.message.split('\n')) io.err(octetsOf(`${name}: ${line}\n`))
      return 1
    }
  }
}

function requestOf(args: readonly string[]): Request {
  const [first, second] = args
  const config = first === '--config' ? second : undefined
  const [word, ...others] = config === undefined ? args : args.slice(2)
  return {config, word, others}
}

/** The Maildir that is named, as an argument or in `MAILDIR`; options are none. */
function maildirOf(word: string | undefined, {MAILDIR}: NodeJS.ProcessEnv): string | undefined {
  const named = word ?? MAILDIR
  return named === '' || named?.startsWith('-') ? undefined : named
}

async function session(options: StdioSession, {out}: ToolIo): Promise<number> {
  const {serveImapOnStdio} = await import('./imap-on-stdio.js')
  try {
    await serveImapOnStdio(options)
    // Standard input would be waited for.
    process.exit(0)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    out(octetsOf(`* BYE ${error.message.replaceAll('\n', ' ')}\r\n`))
    return 1
  }
}

function refuse(name: Service['name'], word: string | undefined, {err}: ToolIo): number {
  if (word !== undefined && name === 'pop3d')
    err(octetsOf(`${name}: a session on standard input (${name} ${word}) is not in this version\n`))
  err(`Usage: ${name} [--config DIR] ${VERBS.join('|')}${name === 'imapd' ? '|MAILDIR' : ''}\n`)
  return 1
}

interface ControlOptions {
  readonly verb: Verb
  readonly config: string | undefined
  readonly others: readonly string[]
  readonly io: ToolIo
}

async function control(service: Service, {verb, config, others, io}: ControlOptions): Promise<number> {
  const directory = resolve(configDirectory(config, io.env))
  const path = join(directory, service.name)
  if (
    await access(path).then(
      () => false,
      () => true,
    )
  ) {
    io.out(octetsOf(`${path} does not exist, forgot make install-configure?\n`))
    return 1
  }
  const settings = await settingsOf(service, {directory, starts: verb === 'start'})
  const pidPath = settings.get(service.pidFile)
  if (!pidPath) throw new Fault('bad-configuration', `${service.pidFile.name} is not set in ${path}`)
  await makeDirectory(dirname(pidPath))
  const pidFile = new PidFile({path: pidPath, tryLock: loadTryLock()})
  const pid = await pidFile.running()
  if (verb === 'status') return status(service, {pid, pidPath, io})
  if (verb === 'stop') await stopDaemon(pidFile)
  if (verb === 'restart') await reloadDaemon(pidFile)
  if (verb !== 'start') return 0
  if (pid !== undefined) {
    if (io.errorsAreTerminal) io.err(octetsOf(`${service.name} runs already: process ${pid} (${pidPath})\n`))
    return 0
  }
  return start(service, {directory, pidPath, others, io})
}

/** A broken configuration does not keep anybody from stopping the server. @throws {Fault} `bad-configuration` */
async function settingsOf({name}: Service, {directory, starts}: {readonly directory: string; readonly starts: boolean}): Promise<Settings> {
  const isPop3 = name.startsWith('pop3d')
  let found: {readonly plain: Settings; readonly tls: Settings; readonly problems: readonly Problem[]} | undefined
  if (isPop3) {
    const read = await readPop3Configuration(directory)
    found = read && {plain: read.pop3, tls: read.pop3s, problems: read.problems}
  } else {
    const read = await readConfiguration(directory)
    found = {plain: read.imap, tls: read.imaps, problems: read.problems}
  }
  if (!found) throw new Fault('bad-configuration', `There is no configuration of ${name} in ${directory}`)
  if (starts && hasErrors(found.problems)) throw new Fault('bad-configuration', found.problems.map(problemText).join('\n'))
  return name.endsWith('-ssl') ? found.tls : found.plain
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, {recursive: true})
  } catch (error) {
    throw new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
}

function status(
  {name}: Service,
  {pid, pidPath, io}: {readonly pid: number | undefined; readonly pidPath: string; readonly io: ToolIo},
): number {
  io.out(octetsOf(pid === undefined ? `${name} does not run\n` : `${name} runs: process ${pid} (${pidPath})\n`))
  return pid === undefined ? NOT_RUNNING : 0
}

interface StartRequest {
  readonly directory: string
  readonly pidPath: string
  readonly others: readonly string[]
  readonly io: ToolIo
}

// Courier: its scripts end with 0 whatever happens to the server, and only syslog has the reason.
async function start({serve}: Service, {directory, pidPath, others, io}: StartRequest): Promise<number> {
  if (serve === undefined) throw new Fault('bad-configuration', 'POP3 is not in this version')
  const launcher = join(dirname(await realpath(process.argv[1] ?? '')), 'run.js')
  const started = await startInBackground({
    command: [process.execPath, launcher, 'serve', serve, '--config', directory, '--pid-file', pidPath, '--log', 'syslog', ...others],
    env: io.env,
  })
  if (started === 'ready') return 0
  throw new Fault('unavailable', started.reason ?? `The server ended with ${started.code}: its log (syslog) has the reason`)
}
