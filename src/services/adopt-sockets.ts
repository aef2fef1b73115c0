import type {Socket} from 'node:net'
import type {Log} from '../log/log.js'
import {type ActivatedSocket, serviceOfSocket} from '../net/activated-sockets.js'
import type {Listener} from '../net/listener.js'
import {endpointOf, takePort} from '../net/open-port.js'

export interface AdoptOptions<Name extends string> {
  readonly listeners: ReadonlyMap<Name, Listener>
  /** Ports of a service as configured: they tell whose a socket without a name is. */
  readonly portsOf: (name: Name) => readonly number[]
  readonly log: Log
}

/**
 * Gives the sockets of the service manager to their services, by name or by port; one that belongs to none is closed and told.
 *
 * @throws {Fault} `bad-configuration` when one of them cannot listen
 */
export async function adoptSockets<Name extends string>(
  sockets: readonly ActivatedSocket[],
  {listeners, portsOf, log}: AdoptOptions<Name>,
): Promise<void> {
  for (const {fd, name} of sockets) {
    let owner: Listener | undefined
    const server = await takePort(fd, (socket: Socket) => (owner ? owner.accept(socket) : socket.destroy()))
    const {port} = endpointOf(server)
    const named = serviceOfSocket(name)
    owner = [...listeners].find(([each]) => (named === undefined ? portsOf(each).includes(port) : each === named))?.[1]
    if (owner) {
      owner.adopt(server)
      continue
    }
    server.close()
    const what = `The service manager's socket ${name === undefined ? '' : `"${name}" `}on port ${port}`
    log.warning('net.socket-unknown', {reason: `${what} belongs to no service that is served: FileDescriptorName=imap or imaps names it`})
  }
}
