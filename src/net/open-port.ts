/** Opens ports to accept from. */
import {createServer, type Server, type Socket} from 'node:net'
import type {Endpoint} from '../config/port-list.js'
import {errnoOf} from '../support/fault.js'
import {bindFault} from './bind-fault.js'
import {BACKLOG, listenOn, type ServerHandle} from './server-handle.js'
import {NEEDS_SHARED_SHAPES, shareSocketShapes} from './share-socket-shapes.js'

function listen(server: Server, where: {readonly host: string; readonly port: number}): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({...where, backlog: BACKLOG}, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

const SOCKETS = {allowHalfOpen: true, noDelay: true, keepAlive: true} as const

/** By then V8 collects what it sees in the code of sockets. */
const SHAPES_FIRST = 16
/** Again after so many connections: it may have forgotten. */
const SHAPES_EVERY = 1024

/** A server that hands over its sockets as all of ours are. */
function socketServer(accept: (socket: Socket) => void): Server {
  if (!NEEDS_SHARED_SHAPES) return createServer(SOCKETS, accept)
  let accepted = 0
  return createServer(SOCKETS, (socket) => {
    accepted += 1
    if (accepted % SHAPES_EVERY === SHAPES_FIRST) shareSocketShapes()
    accept(socket)
  })
}

/**
 * A server on that port; one without an address takes IPv6 and IPv4.
 *
 * @throws {Fault} `bad-configuration` with what to do about it
 */
export async function openPort(endpoint: Endpoint, accept: (socket: Socket) => void): Promise<Server> {
  const {address, port} = endpoint
  const server = socketServer(accept)
  try {
    await listen(server, {host: address ?? '::', port}).catch((error: unknown) => {
      const code = errnoOf(error)
      if (address !== undefined || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error
      return listen(server, {host: '0.0.0.0', port})
    })
  } catch (error) {
    throw bindFault(error, endpoint)
  }
  return server
}

/** A server on a port that was bound elsewhere. */
export async function acceptFrom(handle: ServerHandle, accept: (socket: Socket) => void): Promise<Server> {
  const server = socketServer(accept)
  await listenOn(server, handle)
  return server
}

/** Where a server listens. */
export function endpointOf(server: Server): Endpoint {
  const address = server.address()
  return address && typeof address === 'object' ? {address: address.address, port: address.port} : {address: undefined, port: 0}
}
