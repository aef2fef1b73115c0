/** Daemons that are started, stopped and told to read their files again: what the originals' scripts do with courierlogger (`spec/auth.md` §11.1, §26.5). */
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
}

/** How a daemon that was started went on. */
export type Started = 'ready' | {readonly code: number | null; readonly reason: string | undefined}

/** What a daemon tells whom has started it. */
export type DaemonMessage = 'ready' | {readonly failed: string}

/** Tells it, when this process was started so, and lets go. Settles when it is told. */
export function tellParent(message: DaemonMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) return resolve()
    process.send(message, () => {
      if (process.connected) process.disconnect()
      resolve()
    })
  })
}

/** Starts the daemon as a process of its own, which logs to syslog, and waits until it answers or has ended. */
export function startInBackground({command: [program = process.execPath, ...args], env}: StartOptions): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true, cwd: '/', env})
    let reason: string | undefined
    child.once('error', reject)
    child.once('exit', (code) => {
      letGo(child)
      resolve({code, reason})
    })
    child.on('message', (message: DaemonMessage) => {
      if (message !== 'ready') {
        reason = message.failed
        return
      }
      letGo(child)
      resolve('ready')
    })
  })
}

/** The daemon goes on without us. */
function letGo(child: ChildProcess): void {
  child.removeAllListeners()
  if (child.connected) child.disconnect()
  child.unref()
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
