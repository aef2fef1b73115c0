/** The supervisor in its single-process form: starts the roles, reloads them, stops them in order (`design.md` §2). */
import {performance} from 'node:perf_hooks'
import type {DaemonServer} from '../auth/daemon/daemon-server.js'
import {LastLogins} from '../auth/last-logins.js'
import {type Endpoint, endpointText} from '../config/port-list.js'
import {CountedIndex} from '../maildir/index/counted-index.js'
import type {ActivatedSocket} from '../net/activated-sockets.js'
import {Fault} from '../support/fault.js'
import {Deadlines} from '../wire/deadlines.js'
import {activatedPorts} from './activated-ports.js'
import {BySettings} from './by-settings.js'
import type {ControlServer} from './control/control-server.js'
import {controlledServer} from './control/controlled-server.js'
import {openControl} from './control/open-control.js'
import type {ControlledServer} from './control/request.js'
import {RoleInspector} from './control/role-inspector.js'
import {ImapFront} from './imap-front.js'
import {prepareIndexDirectory} from './index/index-directory.js'
import {type IndexPlace, makeIndex} from './index/make-index.js'
import {LiveConfiguration, type LiveConfigurationOptions} from './live-configuration.js'
import {localMail} from './local-mail.js'
import {MailSessions} from './mail-sessions.js'
import {MemoryReturn} from './memory-return.js'
import type {MetricsServer} from './metrics/metrics-server.js'
import {openMetrics} from './metrics/open-metrics.js'
import {openPublicSocket} from './public-socket.js'
import type {FrontRole} from './roles.js'
import type {RunningServer} from './running-server.js'
import type {ServiceName} from './server-configuration.js'
import {type AuthSettings, type LocalAuthRole, startAuth} from './start-auth.js'
import {type MailProcess, mailProcess} from './start-mail.js'
import {becomeUser, isRoot, type SystemUser} from './unprivileged-user.js'

export interface SupervisorOptions extends LiveConfigurationOptions {
  /** Who to become once the ports are open, when started as root. */
  readonly user: SystemUser | undefined
  /** What may be derived again is kept here. */
  readonly index: IndexPlace
  /** Directory for the socket of `courier who` and its like; undefined: none. */
  readonly runDirectory?: string | undefined
  /** Log lines that could not be written so far. */
  readonly lostLogLines?: (() => number) | undefined
  /** Sockets that the service manager has opened. */
  readonly activated?: readonly ActivatedSocket[] | undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

class Supervisor implements RunningServer {
  readonly #options: SupervisorOptions
  readonly #inspector: RoleInspector
  readonly #configuration: LiveConfiguration
  readonly #auth: BySettings<AuthSettings, LocalAuthRole>
  readonly #deadlines = new Deadlines()
  readonly #memory = new MemoryReturn()
  readonly #lastLogins: LastLogins | undefined
  #front: FrontRole | undefined
  #daemon: DaemonServer | undefined
  #mailProcess: MailProcess | undefined
  #sessions: MailSessions | undefined
  #control: ControlServer | undefined
  #metrics: MetricsServer | undefined

  constructor(options: SupervisorOptions) {
    const {lostLogLines} = options
    this.#inspector = new RoleInspector({role: 'server', log: options.log, pid: process.pid, now: Date.now, lostLogLines})
    const {log} = this.#inspector
    this.#options = {...options, log}
    this.#configuration = new LiveConfiguration(this.#options)
    const {stateDirectory} = options
    if (stateDirectory !== undefined) this.#lastLogins = new LastLogins({directory: stateDirectory, log, now: Date.now})
    this.#auth = new BySettings((settings) => startAuth(settings, log, {lastLogins: this.#lastLogins}))
  }

  /** Made for the first session: after root has been given up. */
  #mailSessions(): MailSessions {
    const {log, index} = this.#options
    if (!this.#mailProcess) {
      const counted = new CountedIndex(makeIndex(index, log))
      this.#inspector.indexCounts = () => counted.counts
      this.#mailProcess = mailProcess(log, counted)
    }
    this.#sessions ??= new MailSessions({
      shared: this.#mailProcess,
      service: (name) => this.#configuration.service(name),
      book: this.#inspector.book,
      log,
    })
    return this.#sessions
  }

  #authFor(name: ServiceName): LocalAuthRole {
    return this.#auth.for(this.#configuration.service(name).auth)
  }

  /** Opens the ports, then gives root up, then starts what touches mail and passwords. @throws {Fault} `bad-configuration` */
  async start(): Promise<void> {
    const {log, user} = this.#options
    await this.#configuration.load()
    const {services} = this.#configuration.now
    const given = activatedPorts(this.#options.activated ?? [], {services, log})
    const front = new ImapFront({
      bound: (name) => given.get(name)?.map(({handle}) => handle),
      service: (name) => this.#configuration.service(name),
      names: services.map(({name}) => name),
      authFor: (name) => this.#authFor(name),
      mailFor: (name) => localMail(this.#mailSessions(), {tickets: this.#authFor(name), log}),
      deadlines: this.#deadlines,
      log,
      now: () => performance.now(),
    })
    await front.open()
    this.#front = front
    this.#daemon = await this.#openSocket(user)
    this.#control = await openControl({run: this.#options.runDirectory, server: this.#controlled(), owner: user, log})
    this.#metrics = await openMetrics({
      endpoints: this.#configuration.now.metrics,
      inspect: this.#inspector,
      version: this.#options.version,
      log,
    })
    if (user && isRoot()) {
      await Promise.all(services.map(({name}) => this.#authFor(name).warmUp()))
      this.#prepareIndex(user)
      becomeUser(user)
    }
    front.begin()
    await this.#configuration.checkAccounts()
    for (const [name, endpoints] of front.endpoints)
      log.info('server.listening', {protocol: name, address: endpoints.map(endpointText).join(',')})
  }

  #controlled(): ControlledServer {
    return controlledServer({
      version: this.#options.version,
      configuration: this.#configuration,
      endpoints: (name) => this.endpoints.get(name) ?? [],
      inspect: this.#inspector,
      watch: (watcher) => this.#inspector.watch(watcher),
      reload: () => this.reload(),
    })
  }

  /** Before root is given up: the socket's directory may be root's. */
  #openSocket(owner: SystemUser | undefined): Promise<DaemonServer | undefined> {
    const role = () => {
      const settings = this.#configuration.now.services[0]?.auth
      if (!settings) throw new Fault('unavailable', 'No service is configured')
      return {role: this.#auth.for(settings), settings}
    }
    return openPublicSocket({socket: this.#configuration.now.publicSocket, role, owner, log: this.#options.log})
  }

  /** Without a cache directory mail is served all the same. */
  #prepareIndex(user: SystemUser): void {
    const {index, log} = this.#options
    try {
      if (index.kind === 'flat') prepareIndexDirectory(index.cache, user)
    } catch (error) {
      log.warning('index.off', {path: index.cache, reason: messageOf(error)})
    }
  }

  get endpoints(): ReadonlyMap<string, readonly Endpoint[]> {
    return this.#front?.endpoints ?? new Map()
  }

  reload(): Promise<void> {
    return this.#configuration.reload()
  }

  async stop(limitMs: number): Promise<void> {
    await Promise.all([this.#front?.stop(limitMs), this.#daemon?.stop(limitMs)])
    await this.#configuration.close()
    for (const role of this.#auth) await role.close()
    await this.#lastLogins?.close()
    await this.#mailProcess?.index.close()
    this.#inspector.close()
    this.#metrics?.stop()
    this.#memory.stop()
    await this.#control?.stop()
  }
}

/** Starts a server in this process. @throws {Fault} `bad-configuration` with a text that says what to do */
export async function startServer(options: SupervisorOptions): Promise<RunningServer> {
  const supervisor = new Supervisor(options)
  await supervisor.start()
  return supervisor
}
