/**
 * Server side of TLS for sockets that are connected already: the TLS ports and STARTTLS alike.
 *
 * A `tls.Server` that never listens does the handshakes; sockets are given to it by its documented `connection`
 * event. Its events do not say which of these sockets they are about, but their listeners are called on whoever emits them: so each
 * handshake has a server object of its own, which has everything from the one that they share.
 */
import {constants} from 'node:crypto'
import type {Socket} from 'node:net'
import {createSecureContext, createServer, type SecureContext, type SecureContextOptions, type Server, type TLSSocket} from 'node:tls'
import {Hangup} from '../support/fault.js'
import {addressSuffix, type CertifiedKey, suffixesFor, type TlsMaterial} from './tls-material.js'

export interface AcceptOptions {
  /** What the client has connected to: its address may select a certificate. */
  readonly local: {readonly ip: string}
  /** Longest time for the handshake. Courier has none on TLS ports, which lets a silent client keep its place for ever. */
  readonly handshakeMs: number
}

/** The shared server, as one handshake sees it. */
interface HandshakeServer extends Server {
  /** Undefined: it is over. */
  handshake: {readonly succeed: (socket: TLSSocket) => void; readonly fail: (error: Error) => void} | undefined
}

/** A client could let us work again and again for one connection; no mail program does it. */
const NO_RENEGOTIATION = constants.SSL_OP_NO_RENEGOTIATION

/** Contexts that are kept for certificates selected by name. */
const MAX_CONTEXTS = 500

/**
 * Takes what listens off a socket when it is closed. Until the next full collection the runtime keeps every encrypted socket as if it were in
 * use, and with it all that its listeners know.
 */
function forgetAtEnd(socket: Socket): void {
  socket.once('close', forget)
}

function forget(this: Socket): void {
  this.removeAllListeners().on('error', ignore)
}

/** Nobody is left to be told. */
function ignore(): void {}

/** Short text of a failed handshake, without OpenSSL's file names. */
function reasonOf(error: Error): string {
  const parts = error.message.trim().split(':')
  return (parts[0] && /^[0-9A-F]{8,}$/.test(parts[0]) ? parts.slice(1, 6).join(':') : error.message.trim()).split('\n')[0] ?? ''
}

/** Does handshakes with what one `TlsMaterial` says. */
export class TlsAcceptor {
  readonly #material: TlsMaterial
  readonly #bySuffix: ReadonlyMap<string, CertifiedKey>
  /** By suffix of the certificate that is shown when no name selects another one. */
  readonly #servers = new Map<string, Server>()
  readonly #contexts = new Map<string, SecureContext>()
  readonly #asks: boolean
  /** There is more than one certificate: server name and local address select. */
  readonly #selects: boolean

  /** @throws {Error} when OpenSSL does not accept the material */
  constructor(material: TlsMaterial) {
    this.#material = material
    this.#bySuffix = new Map(material.certificates.map((each) => [each.suffix, each]))
    // Without authorities every certificate would be refused.
    this.#asks = material.parameters.verifyPeer !== 'none' && material.trust !== undefined
    this.#selects = material.certificates.some(({suffix}) => suffix !== '')
    this.#serverFor('')
  }

  /**
   * Does the handshake on a connected socket, whose octets nobody reads any more.
   *
   * @throws {Hangup} when it fails; the socket is destroyed then. Reason `closed`: the peer spoke and was not understood;
   * `stalled`: it went away or said nothing
   */
  accept(socket: Socket, {local, handshakeMs}: AcceptOptions): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const server = Object.create(this.#serverFor(this.#selects ? addressSuffix(local.ip) : '')) as HandshakeServer
      // A peer that closes within the handshake is gone; the encrypted stream may be half-closed again.
      const halfOpen = socket.allowHalfOpen
      socket.allowHalfOpen = false
      const finish = () => {
        server.handshake = undefined
        clearTimeout(timer)
        socket.off('close', onClose)
      }
      const fail = (error: Error) => {
        finish()
        socket.destroy()
        reject(error)
      }
      const succeed = (secure: TLSSocket) => {
        finish()
        forgetAtEnd(socket)
        forgetAtEnd(secure)
        secure.allowHalfOpen = halfOpen
        resolve(secure)
      }
      const onClose = () => fail(new Hangup('stalled', 'Unexpected SSL connection shutdown.'))
      const timer = setTimeout(() => fail(new Hangup('stalled', 'TLS handshake takes too long')), handshakeMs)
      socket.once('close', onClose)
      server.handshake = {succeed, fail}
      if (socket.destroyed || socket.remoteAddress === undefined) onClose()
      else server.emit('connection', socket)
    })
  }

  #serverFor(suffix: string): Server {
    const wanted = this.#bySuffix.has(suffix) ? suffix : ''
    const found = this.#servers.get(wanted)
    if (found) return found
    const {parameters, ticketKeys} = this.#material
    const server = createServer({
      ...this.#contextOptions(this.#bySuffix.get(wanted)),
      ticketKeys: Buffer.from(ticketKeys, 'base64'),
      requestCert: this.#asks,
      rejectUnauthorized: this.#asks && parameters.verifyPeer === 'require-peer',
      ...(parameters.alpn.length > 0 ? {ALPNProtocols: [...parameters.alpn]} : {}),
      ...(this.#selects
        ? {SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => done(null, this.#contextFor(name))}
        : {}),
    })
    const settle = (emitter: HandshakeServer, socket: TLSSocket, error?: Error) => this.#settle(emitter, socket, error)
    server.on('secureConnection', function (this: HandshakeServer, socket) {
      settle(this, socket)
    })
    server.on('tlsClientError', function (this: HandshakeServer, error, socket) {
      settle(this, socket, error)
    })
    this.#servers.set(wanted, server)
    return server
  }

  #contextOptions(certified: CertifiedKey | undefined): SecureContextOptions {
    const {trust, dhParameters, parameters} = this.#material
    const {minVersion, maxVersion, ciphers, groups, sessionSeconds} = parameters
    return {
      minVersion,
      maxVersion,
      ciphers,
      ecdhCurve: groups,
      honorCipherOrder: true,
      sessionTimeout: sessionSeconds,
      // Only what is named is trusted, not the authorities that come with the runtime.
      ca: trust ?? [],
      ...(certified ? {cert: certified.cert, key: certified.key} : {}),
      ...(dhParameters === undefined ? {} : {dhparam: dhParameters}),
      // With client certificates there is no resumption: each connection proves its certificate, against the authorities of now.
      secureOptions: NO_RENEGOTIATION | (this.#asks ? constants.SSL_OP_NO_TICKET : 0),
    }
  }

  /** The context of the certificate that a server name selects; undefined: that of the address. */
  #contextFor(serverName: string): SecureContext | undefined {
    const suffix = suffixesFor(serverName).find((each) => this.#bySuffix.has(each))
    if (suffix === undefined) return undefined
    const found = this.#contexts.get(suffix)
    // The last used ones are kept.
    this.#contexts.delete(suffix)
    const context = found ?? createSecureContext(this.#contextOptions(this.#bySuffix.get(suffix)))
    this.#contexts.set(suffix, context)
    if (this.#contexts.size > MAX_CONTEXTS) this.#contexts.delete(this.#contexts.keys().next().value ?? '')
    return context
  }

  #settle({handshake}: HandshakeServer, socket: TLSSocket, error?: Error): void {
    if (error) {
      // Errors after the handshake belong to the owner of the socket, who listens to it.
      handshake?.fail(new Hangup('closed', `couriertls: accept: ${reasonOf(error)}`))
    } else if (this.#asks && !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) {
      socket.destroy()
      handshake?.fail(new Hangup('closed', 'couriertls: accept: Peer certificate verification failed'))
    } else if (handshake) {
      handshake.succeed(socket)
    } else {
      socket.destroy()
    }
  }
}
