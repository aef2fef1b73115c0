import {certificateIdentity, type LoadedCertificate, loadCertificate} from './load-certificate.js'
import {TlsAcceptor} from './tls-acceptor.js'
import type {TlsRules} from './tls-rules.js'

export interface KeeperOptions {
  readonly rules: TlsRules
  /** 48 random octets for session tickets. */
  readonly ticketKeys: Buffer
  readonly handshakeMs: number
  /** Told when a new certificate cannot be used; the old one stays. */
  readonly onProblem: (error: unknown) => void
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/** How often the files are looked at. */
const LOOK_MS = 1_000

function acceptorOf({cert, key}: LoadedCertificate, {rules, ticketKeys, handshakeMs}: KeeperOptions): TlsAcceptor {
  const {minVersion, ciphers, trust, dhparam, verifyPeer, alpn} = rules
  return new TlsAcceptor({
    context: {
      cert,
      key,
      minVersion,
      honorCipherOrder: true,
      ...(ciphers === undefined ? {} : {ciphers}),
      ...(trust === undefined ? {} : {ca: trust}),
      ...(dhparam === undefined ? {} : {dhparam}),
    },
    ticketKeys,
    verifyPeer,
    alpn,
    handshakeMs,
  })
}

/**
 * Keeps the certificate of a port: a renewed file is live at the next connection, as with Courier, which opens it for every one.
 * A file that has become unusable does not end TLS: the last good certificate stays.
 */
export class CertificateKeeper {
  readonly #options: KeeperOptions
  #acceptor: TlsAcceptor
  #identity: string
  #lookedAt: number
  #looking: Promise<void> | undefined

  private constructor(options: KeeperOptions, {acceptor, identity}: {readonly acceptor: TlsAcceptor; readonly identity: string}) {
    this.#options = options
    this.#acceptor = acceptor
    this.#identity = identity
    this.#lookedAt = options.now()
  }

  /** @throws {Fault} `bad-configuration` when there is no usable certificate */
  static async open(options: KeeperOptions): Promise<{keeper: CertificateKeeper; validTo: Date}> {
    const identity = await certificateIdentity(options.rules.files)
    const loaded = await loadCertificate(options.rules.files)
    return {keeper: new CertificateKeeper(options, {acceptor: acceptorOf(loaded, options), identity}), validTo: loaded.validTo}
  }

  /** What the next handshake is to use. */
  async acceptor(): Promise<TlsAcceptor> {
    if (this.#options.now() - this.#lookedAt >= LOOK_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
      })
      await this.#looking
    }
    return this.#acceptor
  }

  async #look(): Promise<void> {
    const {rules, onProblem, now} = this.#options
    const identity = await certificateIdentity(rules.files)
    this.#lookedAt = now()
    if (identity === this.#identity) return
    this.#identity = identity
    try {
      this.#acceptor = acceptorOf(await loadCertificate(rules.files), this.#options)
    } catch (error) {
      onProblem(error)
    }
  }
}
