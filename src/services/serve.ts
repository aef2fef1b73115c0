/** `courier serve` in one process: runs a server until it is told to end. */
import type {RunningServer} from './running-server.js'
import {type SupervisorOptions, startServer} from './supervisor.js'
import {untilSignal} from './until-signal.js'

export interface ServeOptions extends SupervisorOptions {
  /** Called when the ports are open. */
  readonly onReady: (server: RunningServer) => void
}

/** Serves until a signal ends it. @throws {Fault} `bad-configuration` when it cannot start, with what to do about it */
export async function serve({onReady, ...options}: ServeOptions): Promise<void> {
  const starting = startServer(options)
  const ended = untilSignal(starting, options.log)
  void starting.then(onReady, () => undefined)
  await ended
}
