import {createHash} from 'node:crypto'
import type {PeerCertificate, TLSSocket} from 'node:tls'
import {certificateDigest} from './certificate-digest.js'

/** What an encrypted connection can say for a login. */
export interface TlsFacts {
  /** Fields of the subject of the verified client certificate, names in upper case (`spec/server-config-tls.md` §5.5). */
  readonly subject: ReadonlyMap<string, string>
  /** There is data for channel binding; looked at when somebody wants to know. */
  readonly canBind: boolean
  /** It, by registered name. Worked out when somebody wants it: that costs a third of a handshake. */
  readonly bindings: ReadonlyMap<string, Buffer>
}

/** A client that is gone already, or has no certificate, has nothing to say. */
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>()
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
const EXPORTER_OCTETS = 32
/** The same field under the names of OpenSSL and of GnuTLS. */
const ALIASES: Readonly<Record<string, string>> = {GN: 'GIVENNAME', GIVENNAME: 'GN', EMAIL: 'EMAILADDRESS'}

/** Facts of an encrypted connection, each looked at when it is wanted. */
class ConnectionFacts implements TlsFacts {
  readonly subject: ReadonlyMap<string, string>
  readonly #socket: TLSSocket
  #bindings: ReadonlyMap<string, Buffer> | undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
    this.subject = socket.authorized && !socket.destroyed ? subjectOf(socket) : NOTHING
  }

  get canBind(): boolean {
    const socket = this.#socket
    // Only a resumed session of TLS 1.2 may have none: that of a certificate without a digest.
    return !socket.destroyed && (socket.getProtocol() === 'TLSv1.3' || !socket.isSessionReused() || this.bindings.size > 0)
  }

  get bindings(): ReadonlyMap<string, Buffer> {
    this.#bindings ??= this.#socket.destroyed ? NOTHING : bindingsOf(this.#socket)
    return this.#bindings
  }
}

export function tlsFacts(socket: TLSSocket): TlsFacts {
  return new ConnectionFacts(socket)
}

/** Fields of a verified certificate. Of a field that occurs twice the last one counts, as in Courier. */
function subjectOf(socket: TLSSocket): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  // Without a certificate it is an empty object.
  const {subject = {}} = socket.getPeerCertificate() as Partial<PeerCertificate>
  for (const [name, value] of Object.entries(subject)) {
    const text: unknown = Array.isArray(value) ? value.at(-1) : value
    // A control character could stand for the begin of another field somewhere else.
    if (typeof text !== 'string' || text === '' || /[\u0000-\u001f\u007f\ufffd]/.test(text)) continue
    const key = name.toUpperCase()
    found.set(key, text)
    const alias = ALIASES[key]
    if (alias !== undefined && !found.has(alias)) found.set(alias, text)
  }
  return found
}

function bindingsOf(socket: TLSSocket): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>()
  // Before TLS 1.3 the exporter is only unique with an extension that cannot be seen from here (RFC 9266 §3).
  if (socket.getProtocol() === 'TLSv1.3') {
    found.set('tls-exporter', socket.exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0)))
  } else if (!socket.isSessionReused()) {
    // The first Finished message, which is the client's; a resumed session could be another server's (RFC 5929 §3.1, RFC 7627 §1).
    const finished = socket.getPeerFinished()
    if (finished) found.set('tls-unique', finished)
  }
  const own = socket.getCertificate()
  const certificate = own && 'raw' in own && Buffer.isBuffer(own.raw) ? own.raw : undefined
  const digest = certificate && certificateDigest(certificate)
  if (certificate && digest) found.set('tls-server-end-point', createHash(digest).update(certificate).digest())
  return found
}
