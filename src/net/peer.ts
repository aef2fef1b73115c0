import type {Socket} from 'node:net'
import {shownIp} from '../support/ip-address.js'

/** One end of a connection. */
export interface Peer {
  /** Text as Courier writes it: IPv4 in mapped form, `::ffff:192.0.2.1` (`spec/server-config-tls.md` §1.6). */
  readonly ip: string
  readonly port: number
}

export function shownPeer(address: string, port: number): Peer {
  return {ip: shownIp(address), port}
}

export function remotePeer(socket: Socket): Peer {
  return shownPeer(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}

export function localPeer(socket: Socket): Peer {
  return new LocalPeer(socket)
}

/** The own end of a connection, looked at when somebody wants to know it: the system has to be asked, and few do. */
class LocalPeer implements Peer {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get ip(): string {
    return shownIp(this.#socket.localAddress ?? '')
  }

  get port(): number {
    return this.#socket.localPort ?? 0
  }
}
