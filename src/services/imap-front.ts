/** The front role for IMAP: ports, limits, TLS, and every connection until its login. */
import {Resolver} from 'node:dns/promises'
import {TLSSocket} from 'node:tls'
import type {Authenticator} from '../auth/account.js'
import type {Endpoint} from '../config/port-list.js'
import {Capabilities} from '../imap/capability.js'
import {serveImapLogin} from '../imap/serve-login.js'
import type {ImapSettings} from '../imap/settings.js'
import {VERBS} from '../imap/verbs/registry.js'
import type {Log} from '../log/log.js'
import {AccessFile} from '../net/access/access-file.js'
import {Admission, type AdmissionPolicy} from '../net/admission.js'
import {DnsLists} from '../net/dns-lists.js'
import type {GuardSettings} from '../net/guard/guard-settings.js'
import {LoginGuard} from '../net/guard/login-guard.js'
import {Handshakes} from '../net/handshakes.js'
import {type ClientConnection, Listener, type Refusal} from '../net/listener.js'
import type {ServerHandle} from '../net/server-handle.js'
import {Networks} from '../support/networks.js'
import type {LiveAcceptor} from '../tls/live-acceptor.js'
import {tlsFacts} from '../tls/tls-facts.js'
import type {DeadlineSource} from '../wire/deadlines.js'
import {BySettings} from './by-settings.js'
import {withDefaultDomain} from './default-domain.js'
import {GuardedAuthenticator} from './guarded-authenticator.js'
import type {NetworkSettings} from './network-settings.js'
import type {FrontRole, MailRole} from './roles.js'
import type {ServiceConfiguration, ServiceName} from './server-configuration.js'
import {serviceLogs} from './service-logs.js'

/** A service as the front sees it. */
export interface FrontService extends Omit<ServiceConfiguration, 'tls' | 'auth' | 'mail'> {
  /** undefined: no TLS on this port. */
  readonly tls: {readonly live: LiveAcceptor} | undefined
}

export interface ImapFrontOptions {
  /** The configuration of the moment: looked at for each connection, so that a reload needs no new ports. */
  readonly service: (name: ServiceName) => FrontService
  readonly names: readonly ServiceName[]
  /** The ports of a service, bound by another process; undefined: they are bound here. */
  readonly bound?: (name: ServiceName) => readonly ServerHandle[] | undefined
  readonly authFor: (name: ServiceName) => Authenticator
  readonly mailFor: (name: ServiceName) => MailRole
  readonly deadlines: DeadlineSource
  readonly log: Log
  readonly now: () => number
}

// Courier closes without a word (`spec/server-config-tls.md` §1.5); a client can show this one to its user.
const REFUSALS: Record<Refusal, string> = {
  'too-many': '* BYE [UNAVAILABLE] Too many connections, please try again later.\r\n',
  'too-many-from-address': '* BYE [LIMIT] Too many connections from your address.\r\n',
  banned: '* BYE [LIMIT] Too many failed logins from your address, please try again later.\r\n',
}

/** For one answer of a name server. */
const DNS_MS = 2_000

export class ImapFront implements FrontRole {
  readonly #options: ImapFrontOptions
  readonly #listeners: ReadonlyMap<ServiceName, Listener>
  readonly #handshakes = new Handshakes()
  readonly #lists: DnsLists
  readonly #guards: BySettings<GuardSettings, LoginGuard>
  readonly #admissions: BySettings<NetworkSettings, AdmissionPolicy>
  readonly #capabilities = new BySettings((settings: ImapSettings) => new Capabilities(settings, VERBS))
  readonly #ready: Promise<void>
  readonly #logs: Readonly<Record<ServiceName, Log>>
  #begin: () => void = () => {}

  constructor(options: ImapFrontOptions) {
    this.#options = options
    const {log, now} = options
    this.#logs = serviceLogs(log)
    this.#lists = new DnsLists({dns: new Resolver({timeout: DNS_MS, tries: 2}), now})
    this.#guards = new BySettings((settings) => {
      const guard = new LoginGuard({settings, log, now: Date.now})
      void guard.open()
      return guard
    })
    this.#admissions = new BySettings(({options: tcpd, access, trustedProxies}) => ({
      options: tcpd,
      access: access && new AccessFile(access, log),
      trustedProxies: new Networks(trustedProxies),
    }))
    this.#ready = new Promise((resolve) => {
      this.#begin = resolve
    })
    this.#listeners = new Map(options.names.map((name) => [name, this.#listener(name)]))
  }

  #listener(name: ServiceName): Listener {
    const {service, bound, now} = this.#options
    return new Listener({
      endpoints: service(name).endpoints,
      bound: bound?.(name),
      implicitTls: name === 'imaps',
      ready: this.#ready,
      policy: () => {
        const {network, tls} = service(name)
        return {limits: network.limits, acceptor: tls && (() => tls.live.acceptor()), admission: this.#admissions.for(network)}
      },
      admission: new Admission({lists: this.#lists, log: this.#logs[name]}),
      handshakes: this.#handshakes,
      isBanned: (ip) => this.#guards.for(service(name).guard).isBanned(ip),
      serve: (connection) => this.#serve(name, connection),
      refusal: (reason) => REFUSALS[reason],
      log: this.#logs[name],
      now,
    })
  }

  #serve(name: ServiceName, {socket, remote, local, variables, tls, startTls, loggedIn, shutdown}: ClientConnection): Promise<void> {
    const {service: serviceOf, authFor, mailFor, deadlines} = this.#options
    const service = serviceOf(name)
    const mail = mailFor(name)
    const login = serveImapLogin({
      stream: socket,
      remote,
      encrypted: tls,
      startTls,
      tlsFacts: (stream) => (stream instanceof TLSSocket ? tlsFacts(stream) : undefined),
      settings: service.imap,
      capabilities: this.#capabilities.for(service.imap),
      deadlines,
      log: this.#logs[name],
      authenticator: withDefaultDomain(new GuardedAuthenticator(authFor(name), this.#guards.for(service.guard)), variables),
      service: () => service.authServices?.[local.port] ?? 'imap',
      shutdown,
    })
    // Not awaited: nothing of this function stays for as long as the session lasts.
    return login.then((admitted) => {
      if (!admitted) return undefined
      loggedIn()
      return mail.serve(admitted, {service: name, shutdown})
    })
  }

  async open(): Promise<void> {
    const {names, service} = this.#options
    await Promise.all(names.map((name) => this.#guards.for(service(name).guard).open()))
    try {
      for (const listener of this.#listeners.values()) await listener.open()
    } catch (error) {
      for (const listener of this.#listeners.values()) listener.stopAccepting()
      throw error
    }
  }

  /** Counts a connection to a service that goes on in another process, until the answer is called. */
  countElsewhere(name: ServiceName, ip: string): () => void {
    return this.#listeners.get(name)?.countElsewhere(ip) ?? (() => undefined)
  }

  begin(): void {
    this.#begin()
  }

  get endpoints(): ReadonlyMap<string, readonly Endpoint[]> {
    return new Map([...this.#listeners].map(([name, listener]) => [name, listener.endpoints]))
  }

  async stop(limitMs: number): Promise<void> {
    for (const listener of this.#listeners.values()) listener.stopAccepting()
    await Promise.all([...this.#listeners.values()].map((listener) => listener.drain(limitMs)))
    await Promise.all([...this.#guards].map((guard) => guard.close()))
  }
}
