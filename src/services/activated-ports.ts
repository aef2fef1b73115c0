import type {Endpoint} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import {type ActivatedSocket, serviceOfSocket} from '../net/activated-sockets.js'
import {type BoundPort, inheritPort} from '../net/server-handle.js'

/** A service that may have sockets of the service manager. */
interface Served<Name extends string> {
  readonly name: Name
  readonly endpoints: readonly Endpoint[]
}

/**
 * The sockets of the service manager by service: a name tells whose one is, else its port; one that belongs to no service is closed
 * and told. A service that has some opens no others.
 *
 * @throws {Fault} `bad-configuration` when one of them is no socket that can listen
 */
export function activatedPorts<Name extends string>(
  sockets: readonly ActivatedSocket[],
  {services, log}: {readonly services: readonly Served<Name>[]; readonly log: Log},
): Map<Name, BoundPort[]> {
  const given = new Map<Name, BoundPort[]>()
  for (const {fd, name} of sockets) {
    const bound = inheritPort(fd)
    const {port} = bound.endpoint
    const named = serviceOfSocket(name)
    const owner = services.find((each) =>
      named === undefined ? each.endpoints.some((endpoint) => endpoint.port === port) : each.name === named,
    )
    if (owner) {
      given.set(owner.name, [...(given.get(owner.name) ?? []), bound])
      continue
    }
    bound.handle.close()
    const what = `The service manager's socket ${name === undefined ? '' : `"${name}" `}on port ${port}`
    log.warning('net.socket-unknown', {reason: `${what} belongs to no service that is served: FileDescriptorName=imap or imaps names it`})
  }
  return given
}
