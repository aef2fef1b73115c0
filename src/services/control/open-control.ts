import type {Log} from '../../log/log.js'
import {Fault} from '../../support/fault.js'
import type {SocketOwner} from '../../support/unix-socket.js'
import {controlSocketsIn, hasRolesServer} from './client.js'
import {ControlServer} from './control-server.js'
import {CONTROL_REQUESTS} from './registry.js'
import type {ControlledServer} from './request.js'

export interface OpenControlOptions {
  /** Directory for the socket; undefined: none is wanted. */
  readonly run: string | undefined
  readonly server: ControlledServer
  readonly owner: SocketOwner | undefined
  readonly log: Log
}

/** The socket for `courier who` and its like. A server without it says so and goes on. */
export async function openControl({run, server, owner, log}: OpenControlOptions): Promise<ControlServer | undefined> {
  if (run === undefined) return undefined
  try {
    for (const path of controlSocketsIn(run)) {
      const control = new ControlServer({path, requests: CONTROL_REQUESTS, server, log, owner})
      if ((await control.open()) !== 'opened') continue
      if (await hasRolesServer(run))
        log.warning('control.hidden', {
          reason: `A server of several processes shares ${run}: "courier who" shows that one only; COURIER_RUN names another directory`,
        })
      return control
    }
    log.warning('control.no-socket', {reason: `Other servers have all sockets in ${run}: COURIER_RUN names another directory`})
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    log.warning('control.no-socket', {reason: error.message})
  }
  return undefined
}
