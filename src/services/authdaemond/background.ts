/** `authdaemond start`, `stop` and `restart`: what the original's script does with courierlogger (`spec/auth.md` §11.1, §26.5). */
import {type ChildProcess, spawn} from 'node:child_process'
import {setTimeout as sleep} from 'node:timers/promises'
import type {PidFile} from './pid-file.js'

/** Waits this long for the daemon to end before it is killed, and again. */
const KILL_MS = 10_000
const PAUSE_MS = 50

export interface StartOptions {
  /** Program and arguments of the daemon in the foreground. */
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** LOGGEROPTS: of its options, `-facility=` counts. */
  readonly loggerOptions: string
}

/** How a daemon that was started went on. */
export type Started = 'ready' | {readonly code: number | null}

/**
 * Starts the daemon as a process of its own, with its log in syslog, and waits until it answers or has ended.
 * A system without `logger` gets no log.
 */
export function startInBackground({command: [program = process.execPath, ...args], env, loggerOptions}: StartOptions): Promise<Started> {
  const facility = /(?:^|\s)-facility=(\w+)/.exec(loggerOptions)?.[1] ?? 'mail'
  return new Promise((resolve, reject) => {
    const logger = spawn('logger', ['-t', 'authdaemond', '-p', `${facility}.info`], {stdio: ['pipe', 'ignore', 'ignore'], detached: true})
    logger.on('error', () => undefined)
    logger.stdin.on('error', () => undefined)
    const begin = () => {
      const stderr = logger.pid === undefined ? 'ignore' : logger.stdin
      const child = spawn(program, args, {stdio: ['ignore', 'ignore', stderr, 'ipc'], detached: true, cwd: '/', env})
      child.once('error', reject)
      child.once('exit', (code) => {
        letGo(child, logger)
        resolve({code})
      })
      child.once('message', () => {
        letGo(child, logger)
        resolve('ready')
      })
    }
    logger.once('spawn', begin)
    logger.once('error', begin)
  })
}

/** The daemon goes on without us. */
function letGo(child: ChildProcess, logger: ChildProcess): void {
  child.removeAllListeners()
  if (child.connected) child.disconnect()
  child.unref()
  logger.stdin?.destroy()
  logger.unref()
}

/** Ends the daemon and waits for it; nothing when none runs. */
export async function stopDaemon(pidFile: PidFile): Promise<void> {
  const pid = await pidFile.running()
  if (pid === undefined) return
  send(pid, 'SIGTERM')
  for (let waitedMs = 0; (await pidFile.running()) !== undefined; waitedMs += PAUSE_MS) {
    if (waitedMs > 0 && waitedMs % KILL_MS === 0) send(pid, 'SIGKILL')
    await sleep(PAUSE_MS)
  }
}

/** Makes the daemon read its configuration again; nothing when none runs. */
export async function reloadDaemon(pidFile: PidFile): Promise<void> {
  const pid = await pidFile.running()
  if (pid !== undefined) send(pid, 'SIGHUP')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
