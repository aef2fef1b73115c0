import type {Socket} from 'node:net'
import type {TLSSocket} from 'node:tls'
import type {TlsAcceptor} from '../tls/tls-acceptor.js'

/**
 * STARTTLS on a connection: forgets what the client has sent already, writes `reply`, and does the handshake.
 *
 * The caller has stopped reading (no `data` or `readable` listener is left) and has dropped what it held itself: whoever
 * can write into the plain connection could otherwise put commands into the encrypted one (CVE-2011-0411, `design.md` §7).
 * All of it happens in one turn of the loop, so nothing that comes after `reply` is lost.
 *
 * @throws {Hangup} when the handshake fails; the socket is destroyed then
 */
export function startTls(socket: Socket, {reply, acceptor}: {readonly reply: string; readonly acceptor: TlsAcceptor}): Promise<TLSSocket> {
  socket.pause()
  while (socket.read() !== null);
  socket.write(reply, 'latin1')
  return acceptor.accept(socket)
}
