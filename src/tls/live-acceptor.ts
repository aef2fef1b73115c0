import {TlsAcceptor} from './tls-acceptor.js'
import type {TlsMaterial} from './tls-material.js'

/** Where the material of the moment comes from: `TlsMaterialSource`, or what another process sends. */
export interface MaterialFeed {
  readonly material: TlsMaterial
  /** Resolves when changes that have been noticed are in `material`; undefined: they are. */
  settled(): Promise<void> | undefined
}

/** The acceptor for the material of the moment. */
export class LiveAcceptor {
  readonly #feed: MaterialFeed
  #material: TlsMaterial
  #acceptor: TlsAcceptor

  /** @throws {Error} when OpenSSL does not accept the material */
  constructor(feed: MaterialFeed) {
    this.#feed = feed
    this.#material = feed.material
    this.#acceptor = new TlsAcceptor(feed.material)
  }

  /** What the next handshake is to use. */
  acceptor(): TlsAcceptor | Promise<TlsAcceptor> {
    return this.#feed.settled()?.then(() => this.#current()) ?? this.#current()
  }

  #current(): TlsAcceptor {
    const {material} = this.#feed
    if (material !== this.#material) {
      this.#material = material
      this.#acceptor = new TlsAcceptor(material)
    }
    return this.#acceptor
  }
}
