/** Opens ports, or takes over those that the service manager has opened. */
import {createServer, type Server, type Socket} from 'node:net'
import {type Endpoint, endpointText} from '../config/port-list.js'
import {errnoOf, Fault} from '../support/fault.js'

/** Why a port cannot be opened, in words that say what to do. */
function bindFault(error: unknown, endpoint: Endpoint): Fault {
  const where = endpointText(endpoint)
  const text: Record<string, string> = {
    EADDRINUSE: `Port ${endpoint.port} is in use (${where}): another server listens there`,
    EACCES: `No permission to listen on ${where}: ports below 1024 need root (or the capability CAP_NET_BIND_SERVICE)`,
    EADDRNOTAVAIL: `The address of ${where} does not belong to this host`,
    EAFNOSUPPORT: `The kernel does not support the address family of ${where}`,
  }
  const known = text[errnoOf(error) ?? '']
  return new Fault('bad-configuration', known ?? `Cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  })
}

function listen(server: Server, where: {readonly host: string; readonly port: number} | {readonly fd: number}): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({...where, backlog: BACKLOG}, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Connections that the kernel keeps for us; it cuts the number at its own limit (`SOMAXCONN`). */
const BACKLOG = 4096
const SOCKETS = {allowHalfOpen: true, noDelay: true, keepAlive: true} as const

/**
 * A server on that port; one without an address takes IPv6 and IPv4.
 *
 * @throws {Fault} `bad-configuration` with what to do about it
 */
export async function openPort(endpoint: Endpoint, accept: (socket: Socket) => void): Promise<Server> {
  const {address, port} = endpoint
  const server = createServer(SOCKETS, accept)
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

/**
 * A server on a socket that listens already.
 *
 * @throws {Fault} `bad-configuration` when it is none
 */
export async function takePort(fd: number, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer(SOCKETS, accept)
  try {
    await listen(server, {fd})
  } catch (error) {
    throw new Fault('bad-configuration', `File descriptor ${fd} of the service manager is no socket that can listen`, {cause: error})
  }
  return server
}

/** Where a server listens. */
export function endpointOf(server: Server): Endpoint {
  const address = server.address()
  return address && typeof address === 'object' ? {address: address.address, port: address.port} : {address: undefined, port: 0}
}
