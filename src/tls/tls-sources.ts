import {Fault} from '../support/fault.js'
import {LiveAcceptor} from './live-acceptor.js'
import {TlsMaterialSource} from './tls-material-source.js'
import type {TlsRules} from './tls-rules.js'

export interface TlsSourcesOptions {
  /** Keys for session tickets, as `TlsMaterial` has them. */
  readonly ticketKeys: () => string
  /** Told when replaced files cannot be used; the old ones stay. */
  readonly onProblem: (reason: string) => void
}

/** TLS of one port: the material, and who does handshakes with it in this process. */
export interface TlsPort {
  readonly source: TlsMaterialSource
  readonly live: LiveAcceptor
}

/** The material of all ports. Ports with the same rules share it, and a reload that changes no rule keeps it. */
export class TlsSources {
  readonly #options: TlsSourcesOptions
  readonly #open = new Map<string, TlsPort>()

  constructor(options: TlsSourcesOptions) {
    this.#options = options
  }

  /** @throws {Fault} `bad-configuration` when a start could not do TLS with these rules */
  async get(rules: TlsRules): Promise<TlsPort> {
    const key = JSON.stringify(rules)
    const found = this.#open.get(key)
    if (found) {
      await found.source.look()
      if (found.source.outdated !== undefined) throw new Fault('bad-configuration', found.source.outdated)
      return found
    }
    const source = await TlsMaterialSource.open({...rules, ...this.#options})
    const port = {source, live: new LiveAcceptor(source)}
    this.#open.set(key, port)
    return port
  }

  /** Closes all but these. */
  keepOnly(ports: readonly (TlsPort | undefined)[]): void {
    for (const [key, port] of this.#open) {
      if (ports.includes(port)) continue
      port.source.close()
      this.#open.delete(key)
    }
  }
}
