/**
 * Server side of TLS for sockets that are connected already: the TLS ports and STARTTLS alike.
 *
 * A `tls.Server` that never listens does the handshakes; sockets are given to it by its documented `connection`
 * event. It tells the results by event, so they are matched to the sockets by their four addresses and ports.
 */
import {constants} from 'node:crypto'
import type {Socket} from 'node:net'
import {createServer, type SecureContextOptions, type Server, type TLSSocket} from 'node:tls'
import {Hangup} from '../support/fault.js'

/** Whether clients are asked for a certificate (`spec/server-config-tls.md` §5.5). */
export type PeerVerification = 'none' | 'peer' | 'require-peer'

export interface TlsOptions {
  readonly context: SecureContextOptions
  /** 48 random octets for session tickets, so that sessions resume after a reload. */
  readonly ticketKeys: Buffer
  readonly verifyPeer: PeerVerification
  /** Protocol names for ALPN; none: ALPN is ignored. */
  readonly alpn: readonly string[]
  /** Longest time for a handshake. Courier has none on TLS ports, which lets a silent client keep its place for ever. */
  readonly handshakeMs: number
}

interface Waiting {
  readonly resolve: (socket: TLSSocket) => void
  readonly reject: (error: Error) => void
}

function keyOf({remoteAddress, remotePort, localAddress, localPort}: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

/** Short text of a failed handshake, without OpenSSL's file names. */
function reasonOf(error: Error): string {
  const parts = error.message.trim().split(':')
  return (parts[0] && /^[0-9A-F]{8,}$/.test(parts[0]) ? parts.slice(1, 6).join(':') : error.message.trim()).split('\n')[0] ?? ''
}

export class TlsAcceptor {
  readonly #server: Server
  readonly #waiting = new Map<string, Waiting>()
  readonly #handshakeMs: number
  readonly #verifyPeer: PeerVerification

  /** @throws {Error} when OpenSSL does not accept the context */
  constructor({context, ticketKeys, verifyPeer, alpn, handshakeMs}: TlsOptions) {
    this.#handshakeMs = handshakeMs
    this.#verifyPeer = verifyPeer
    this.#server = createServer({
      ...context,
      ticketKeys,
      // With client certificates there is no resumption: each connection proves its certificate, against the authorities of now.
      ...(verifyPeer === 'none' ? {} : {secureOptions: (context.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET}),
      handshakeTimeout: handshakeMs,
      requestCert: verifyPeer !== 'none',
      rejectUnauthorized: verifyPeer === 'require-peer',
      ...(alpn.length > 0 ? {ALPNProtocols: [...alpn]} : {}),
    })
    this.#server.on('secureConnection', (socket) => this.#settle(socket, undefined))
    this.#server.on('tlsClientError', (error, socket) => this.#settle(socket, error))
  }

  /**
   * Does the handshake on a connected socket, whose octets nobody reads any more.
   *
   * @throws {Hangup} when it fails; the socket is destroyed then. Reason `closed`: the peer spoke and was not understood;
   * `stalled`: it went away or said nothing
   */
  accept(socket: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const key = keyOf(socket)
      // A peer that closes within the handshake is gone; the encrypted stream may be half-closed again.
      const halfOpen = socket.allowHalfOpen
      socket.allowHalfOpen = false
      const finish = () => {
        this.#waiting.delete(key)
        clearTimeout(timer)
        socket.off('close', onClose)
      }
      const fail = (error: Error) => {
        finish()
        socket.destroy()
        reject(error)
      }
      const onClose = () => fail(new Hangup('stalled', 'Unexpected SSL connection shutdown.'))
      const timer = setTimeout(() => fail(new Hangup('stalled', 'TLS handshake takes too long')), this.#handshakeMs)
      socket.once('close', onClose)
      const succeed = (secure: TLSSocket) => {
        finish()
        secure.allowHalfOpen = halfOpen
        resolve(secure)
      }
      this.#waiting.set(key, {resolve: succeed, reject: fail})
      if (socket.destroyed || socket.remoteAddress === undefined) onClose()
      else this.#server.emit('connection', socket)
    })
  }

  #settle(socket: TLSSocket, error: Error | undefined): void {
    const waiting = this.#waiting.get(keyOf(socket))
    if (error) {
      // Errors after the handshake belong to the owner of the socket, who listens to it.
      waiting?.reject(new Hangup('closed', `couriertls: accept: ${reasonOf(error)}`))
    } else if (this.#verifyPeer === 'peer' && !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) {
      socket.destroy()
      waiting?.reject(new Hangup('closed', 'couriertls: accept: Peer certificate verification failed'))
    } else if (waiting) {
      waiting.resolve(socket)
    } else {
      socket.destroy()
    }
  }
}
