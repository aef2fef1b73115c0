import {isIPv4, type Socket} from 'node:net'

/** One end of a connection. */
export interface Peer {
  /** Text as Courier writes it: IPv4 in mapped form, `::ffff:192.0.2.1` (`spec/server-config-tls.md` §1.6). */
  readonly ip: string
  readonly port: number
}

function peer(address: string | undefined, port: number | undefined): Peer {
  const text = address ?? ''
  return {ip: isIPv4(text) ? `::ffff:${text}` : text, port: port ?? 0}
}

export function remotePeer(socket: Socket): Peer {
  return peer(socket.remoteAddress, socket.remotePort)
}

export function localPeer(socket: Socket): Peer {
  return peer(socket.localAddress, socket.localPort)
}
