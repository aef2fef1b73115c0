import {type Endpoint, endpointText} from '../config/port-list.js'
import {errnoOf, Fault} from '../support/fault.js'

/** Why a port cannot be opened, in words that say what to do. */
export function bindFault(error: unknown, endpoint: Endpoint): Fault {
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
