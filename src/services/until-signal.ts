import {endpointText} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import type {RunningServer} from './running-server.js'
import {serviceManager} from './service-manager.js'

/** Sessions that have not ended after this long are cut. */
const STOP_MS = 10_000

function statusOf({endpoints}: RunningServer): string {
  return `Serving ${[...endpoints].map(([name, places]) => `${name} on ${places.map(endpointText).join(', ')}`).join('; ')}`
}

/**
 * SIGTERM and SIGINT end the server in order, a second one at once; SIGHUP reads the configuration again. systemd is told. Answers when the
 * server has ended. Called before the server has started, so that no signal comes too early.
 */
export async function untilSignal(starting: Promise<RunningServer>, log: Log): Promise<void> {
  // An exception that escaped belongs to one session; the others must not end with it.
  process.on('uncaughtException', (error) => log.error('server.bug', {error}))
  process.on('unhandledRejection', (error) => log.error('server.bug', {error}))
  const manager = serviceManager({env: process.env, pid: process.pid, onProblem: (reason) => log.warning('server.not-told', {reason})})
  const reload = async () => {
    const server = await starting
    manager.reloading()
    await server.reload()
    manager.ready(statusOf(server))
  }
  await new Promise<void>((resolve, reject) => {
    let stopping = false
    const stop = (signal: string) => {
      if (stopping) process.exit(1)
      stopping = true
      log.notice('server.stopping', {reason: signal})
      manager.stopping()
      starting.then((server) => server.stop(STOP_MS)).then(resolve, reject)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.on('SIGHUP', () => void reload().catch(() => undefined))
    starting.then((server) => manager.ready(statusOf(server)), reject)
  })
  manager.close()
  log.notice('server.stopped')
}
