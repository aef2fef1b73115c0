import {basename, resolve} from 'node:path'
import {AUTHDAEMONRC} from '../../config/authdaemonrc-options.js'
import {authDirectory} from '../../config/config-directory.js'
import {readLoggerOptions} from '../../log/logger-options.js'
import {serviceLog} from '../../log/service-log.js'
import {Fault} from '../../support/fault.js'
import {publicSocketSettings} from '../auth-settings.js'
import {reloadDaemon, startInBackground, stopDaemon, tellParent} from '../background.js'
import {type StandardLog, SYSLOG, standardLog} from '../standard-log.js'
import {octetsOf, type Tool, type ToolIo} from '../tool.js'
import {daemonPidFile, makeDaemonDirectory} from './daemon-directory.js'
import {loadAuthConfiguration, runAuthdaemond} from './run-authdaemond.js'

const VERBS = ['start', 'stop', 'restart'] as const

/**
 * `authdaemond [--config DIR] [start|stop|restart]`: without a word the daemon itself, in the foreground, with its log on standard
 * error (`spec/auth.md` §11.1).
 */
export const authdaemondTool: Tool = async (args, io) => {
  const {directory, words} = readArguments(args, io)
  const [word, ...others] = words
  const verb = VERBS.find((each) => each === word)
  if (others.length > 0 || (word !== undefined && verb === undefined)) {
    io.err(octetsOf(`Unknown option '-${others[0] ?? word}'\n`))
    return 1
  }
  try {
    return verb === undefined ? await foreground(directory) : await background(verb, directory, io)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    for (const line of error.message.split('\n')) io.err(octetsOf(`ERR: ${line}\n`))
    return 1
  }
}

function readArguments(args: readonly string[], {env}: ToolIo): {readonly directory: string; readonly words: readonly string[]} {
  const [first, second] = args
  const given = first === '--config' ? second : undefined
  return {directory: resolve(authDirectory(given, env)), words: given === undefined ? args : args.slice(2)}
}

async function foreground(directory: string): Promise<number> {
  // Whoever has started us as a daemon has a channel to us, and no standard error for us.
  const log = process.connected ? await daemonLog(directory) : standardLog({format: 'text', debug: false})
  const end = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort())
  // The channel to the one who started us; a hang-up before we are ready must not end us.
  let reload = () => {}
  process.on('SIGHUP', () => reload())
  await runAuthdaemond({
    directory,
    log,
    signal: end.signal,
    onReady: () => void tellParent('ready'),
    onReload(again) {
      reload = again
    },
  })
  await log.close()
  return 0
}

async function daemonLog(directory: string): Promise<StandardLog> {
  const {settings} = await loadAuthConfiguration(directory)
  const log = standardLog({format: 'text', debug: false, target: SYSLOG})
  log.identify({authdaemond: readLoggerOptions(settings.get(AUTHDAEMONRC.LOGGEROPTS), 'authdaemond')})
  return {...log, ...serviceLog(log, 'authdaemond')}
}

async function background(verb: (typeof VERBS)[number], directory: string, io: ToolIo): Promise<number> {
  const configuration = await loadAuthConfiguration(directory)
  const socket = publicSocketSettings(configuration)
  await makeDaemonDirectory(socket.directory)
  const pidFile = daemonPidFile(socket.directory)
  if (verb === 'stop') await stopDaemon(pidFile)
  if (verb === 'restart') await reloadDaemon(pidFile)
  if (verb !== 'start' || (await pidFile.running()) !== undefined) return 0
  const program = process.argv[1] ?? ''
  const self = basename(program) === 'authdaemond' ? [program] : [program, 'authdaemond']
  const command = [process.execPath, ...process.execArgv, ...self, '--config', directory]
  const started = await startInBackground({
    command,
    env: io.env,
  })
  if (started === 'ready') return 0
  io.err(octetsOf(`The daemon ended with ${started.code}: its log (syslog) has the reason\n`))
  return 1
}
