/**
 * Ports and local sockets that are bound in one process and accepted from in others.
 *
 * Who holds the handle keeps the port open: connections that come while nobody accepts wait in the kernel for the next process
 * that does. Node has this for its own cluster only; `_createServerHandle` is what that uses, in every version since 0.11.
 */
import net, {isIPv6, type Server} from 'node:net'
import {getSystemErrorName} from 'node:util'
import type {Endpoint} from '../config/port-list.js'
import {errnoOf, Fault} from '../support/fault.js'
import {bindFault} from './bind-fault.js'

/** A bound handle of Node: given to `send` of a child, and what the child gets. */
export interface ServerHandle {
  close(): void
}

interface BoundHandle extends ServerHandle {
  getsockname?(out: {address?: string; port?: number}): number
}

type CreateHandle = (address: string | null, port: number | null, family: 4 | 6 | -1, fd?: number) => BoundHandle | number

function createHandle(...place: Parameters<CreateHandle>): BoundHandle {
  const create = (net as unknown as {_createServerHandle?: CreateHandle})._createServerHandle
  if (typeof create !== 'function')
    throw new Fault('unavailable', `Node ${process.version} cannot share ports: serve as one user with --user NAME`)
  const made = create(...place)
  // A port in use is told by the first call after the one that binds.
  const problem = typeof made === 'number' ? made : (made.getsockname?.({}) ?? 0)
  if (typeof made !== 'number' && problem === 0) return made
  if (typeof made !== 'number') made.close()
  throw Object.assign(new Error(`bind: ${getSystemErrorName(problem)}`), {code: getSystemErrorName(problem)})
}

/** A port that is bound and that nobody accepts from yet. */
export interface BoundPort {
  readonly endpoint: Endpoint
  readonly handle: ServerHandle
}

/** @throws {Fault} `bad-configuration` with what to do about it */
export function bindPort(endpoint: Endpoint): BoundPort {
  const {address, port} = endpoint
  const bindTo = (host: string) => createHandle(host, port, isIPv6(host) ? 6 : 4)
  try {
    const handle = address === undefined ? anyAddress(bindTo) : bindTo(address)
    const bound: {address?: string; port?: number} = {}
    handle.getsockname?.(bound)
    return {endpoint: {address: bound.address, port: bound.port ?? port}, handle}
  } catch (error) {
    if (error instanceof Fault) throw error
    throw bindFault(error, endpoint)
  }
}

function anyAddress(bindTo: (host: string) => BoundHandle): BoundHandle {
  try {
    return bindTo('::')
  } catch (error) {
    if (errnoOf(error) !== 'EAFNOSUPPORT' && errnoOf(error) !== 'EADDRNOTAVAIL') throw error
    return bindTo('0.0.0.0')
  }
}

/** A port that the service manager has bound. @throws {Fault} `bad-configuration` when the file is no such thing */
export function inheritPort(fd: number): BoundPort {
  const bound: {address?: string; port?: number} = {}
  try {
    const handle = createHandle(null, null, -1, fd)
    handle.getsockname?.(bound)
    if (bound.port !== undefined) return {endpoint: {address: bound.address, port: bound.port}, handle}
    handle.close()
  } catch (error) {
    throw new Fault('bad-configuration', `File ${fd} of the service manager is no socket that can listen`, {cause: error})
  }
  throw new Fault('bad-configuration', `File ${fd} of the service manager is no port`)
}

/** A local socket; its file is removed when the handle is closed. @throws {Error} of the system */
export function bindLocalSocket(path: string): ServerHandle {
  return createHandle(path, -1, -1)
}

/** Connections that the kernel keeps for us; it cuts the number at its own limit (`SOMAXCONN`). */
export const BACKLOG = 4096

/** Accepts from a handle that was bound elsewhere. */
export function listenOn(server: Server, handle: ServerHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(handle, BACKLOG, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
