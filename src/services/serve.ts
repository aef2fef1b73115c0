/** `courier serve`: runs a server until it is told to end. */
import type {Log} from '../log/log.js'
import {type RunningServer, type SupervisorOptions, startServer} from './supervisor.js'

/** Sessions that have not ended after this long are cut. */
const STOP_MS = 10_000

/**
 * SIGTERM and SIGINT end the server in order, a second one at once; SIGHUP reads the configuration again. Answers when the server has
 * ended. Called before the server starts, so that no signal comes too early.
 */
function untilSignal(starting: Promise<RunningServer>, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const stop = (signal: string) => {
      if (stopping) process.exit(1)
      stopping = true
      log.notice('server.stopping', {reason: signal})
      starting.then((server) => server.stop(STOP_MS)).then(resolve, reject)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.on('SIGHUP', () => void starting.then((server) => server.reload()).catch(() => undefined))
    starting.catch(reject)
  })
}

export interface ServeOptions extends SupervisorOptions {
  /** Called when the ports are open. */
  readonly onReady: (server: RunningServer) => void
}

/** Serves until a signal ends it. @throws {Fault} `bad-configuration` when it cannot start, with what to do about it */
export async function serve({onReady, ...options}: ServeOptions): Promise<void> {
  const {log} = options
  // An exception that escaped belongs to one session; the others must not end with it.
  process.on('uncaughtException', (error) => log.error('server.bug', {error}))
  process.on('unhandledRejection', (error) => log.error('server.bug', {error}))
  const starting = startServer(options)
  const ended = untilSignal(starting, log)
  void starting.then(onReady, () => undefined)
  await ended
  log.notice('server.stopped')
}
