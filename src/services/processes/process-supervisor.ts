/**
 * The supervisor over processes (`design.md` §2): reads the configuration and the keys, binds the ports, starts the others and starts
 * them again, and knows whose a session is.
 *
 * It runs as root, so it accepts no client's connection, parses nothing that a client has sent, and loads no code but ours; koffi for three calls of
 * the C library when it logs to syslog or systemd is to be told (`support/datagram-socket.ts`).
 */

import {randomBytes} from 'node:crypto'
import {chmodSync, chownSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {performance} from 'node:perf_hooks'
import {TicketBook} from '../../auth/tickets.js'
import {type Endpoint, endpointText} from '../../config/port-list.js'
import type {ActivatedSocket} from '../../net/activated-sockets.js'
import {type BoundPort, bindLocalSocket, bindPort, type ServerHandle} from '../../net/server-handle.js'
import {Fault} from '../../support/fault.js'
import type {TlsPort} from '../../tls/tls-sources.js'
import {activatedPorts} from '../activated-ports.js'
import type {ControlServer} from '../control/control-server.js'
import {controlledServer} from '../control/controlled-server.js'
import {InspectedParts} from '../control/inspected-parts.js'
import {openControl} from '../control/open-control.js'
import type {ControlledServer} from '../control/request.js'
import {RoleInspector} from '../control/role-inspector.js'
import type {IndexPlace} from '../index/make-index.js'
import {LiveConfiguration, type LiveConfigurationOptions} from '../live-configuration.js'
import {metricsText} from '../metrics/metrics-text.js'
import type {RunningServer} from '../running-server.js'
import type {ServiceName} from '../server-configuration.js'
import type {StandardLogOptions} from '../standard-log.js'
import {findUser, type SystemUser} from '../unprivileged-user.js'
import {AuthKeeper} from './auth-keeper.js'
import {whyAuthIsRoot} from './auth-rights.js'
import {expectations} from './expectations.js'
import {FrontKeeper} from './front-keeper.js'
import {HandOverDesk} from './hand-over-desk.js'
import {MailProcesses} from './mail-processes.js'
import type {AuthConfiguration, FrontConfiguration, MailConfiguration} from './messages.js'
import {makePrivateDirectory, removePrivateDirectory} from './private-directory.js'
import type {RoleLogging} from './role-log.js'
import {ROLE_PROGRAM, type RoleSpawn, setprivPath} from './spawn-role.js'

export interface ProcessSupervisorOptions extends LiveConfigurationOptions {
  readonly index: IndexPlace
  /** Directory for the sockets, that of `courier who` too; made if it is missing, nobody but root may be able to write it. */
  readonly socketDirectory: string
  /** Sockets that the service manager has opened. */
  readonly activated?: readonly ActivatedSocket[] | undefined
  /** How the other processes log. */
  readonly logging: StandardLogOptions
  /** Takes their lines for the JSON file of the log. */
  readonly jsonLine: (line: string) => void
}

/** For the sessions of a process that is exchanged. */
const RESTART_MS = 10_000

export class ProcessSupervisor implements RunningServer {
  readonly #options: ProcessSupervisorOptions
  readonly #inspector: RoleInspector
  /** All processes of the server. */
  readonly #parts: InspectedParts
  readonly #configuration: LiveConfiguration
  readonly #tickets = new TicketBook({now: () => performance.now(), random: randomBytes})
  readonly #ports = new Map<ServiceName, BoundPort[]>()
  readonly #metricsPorts: BoundPort[] = []
  readonly #watched = new Set<TlsPort>()
  #user: SystemUser | undefined
  #authUser: SystemUser | undefined
  #directory: string | undefined
  #authSocket: ServerHandle | undefined
  #control: ControlServer | undefined
  #desk: HandOverDesk | undefined
  #auth: AuthKeeper | undefined
  #mail: MailProcesses | undefined
  #front: FrontKeeper | undefined

  private constructor(options: ProcessSupervisorOptions) {
    this.#inspector = new RoleInspector({role: 'supervisor', log: options.log, pid: process.pid, now: Date.now})
    this.#parts = new InspectedParts([this.#inspector])
    this.#options = {...options, log: this.#inspector.log}
    this.#configuration = new LiveConfiguration(this.#options)
  }

  /** @throws {Fault} `bad-configuration` with a text that says what to do */
  static async start(options: ProcessSupervisorOptions): Promise<ProcessSupervisor> {
    const supervisor = new ProcessSupervisor(options)
    try {
      await supervisor.#start()
    } catch (error) {
      await supervisor.stop(0)
      throw error
    }
    return supervisor
  }

  async #start(): Promise<void> {
    const {log, stateDirectory, socketDirectory} = this.#options
    await this.#configuration.load()
    const {mailUser} = this.#configuration.now.processes
    const user = await this.#findMailUser(mailUser)
    this.#user = user
    this.#bindPorts()
    this.#bindMetrics()
    if (stateDirectory !== undefined) this.#prepareState(stateDirectory, user)
    await this.#chooseAuthUser(user)
    this.#directory = makePrivateDirectory(socketDirectory, user.gid)
    const {auth, front} = this.#makeRoles(user, this.#directory)
    for (const reason of await expectations(this.#configuration.now)) log.notice('server.expects', {reason})
    if (setprivPath() === undefined)
      log.warning('server.no-setpriv', {reason: 'There is no setpriv: processes could gain rights through set-user-id programs'})
    const [isAuth, isFront] = await Promise.all([auth.start(), front.start()])
    if (!isAuth || !isFront)
      throw new Fault(
        'bad-configuration',
        `The processes of the server do not run as "${user.name}": may it run ${process.execPath}, and read ${ROLE_PROGRAM}?`,
      )
    this.#control = await openControl({run: socketDirectory, server: this.#controlled(), owner: undefined, log})
    await this.#configuration.checkAccounts()
    for (const [name, endpoints] of this.endpoints)
      log.info('server.listening', {protocol: name, address: endpoints.map(endpointText).join(',')})
  }

  async #findMailUser(name: string): Promise<SystemUser> {
    try {
      return await findUser(name)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const remedy = `make it (useradd --system ${name}), name another one in MAILUSER in imapd, or serve as one user with --user NAME`
      throw new Fault('bad-configuration', `${error.message}, which the processes before the login run as: ${remedy}`, {cause: error})
    }
  }

  #bindPorts(): void {
    const {services} = this.#configuration.now
    const given = activatedPorts(this.#options.activated ?? [], {services, log: this.#options.log})
    for (const {name, endpoints} of services) {
      const bound = given.get(name) ?? []
      this.#ports.set(name, bound)
      if (bound.length > 0) continue
      for (const endpoint of endpoints) bound.push(bindPort(endpoint))
    }
  }

  /** What METRICS_ADDRESS asks for. A server that cannot open it says so and goes on. */
  #bindMetrics(): void {
    const {log} = this.#options
    for (const {address = '127.0.0.1', port} of this.#configuration.now.metrics) {
      try {
        const bound = bindPort({address, port})
        this.#metricsPorts.push(bound)
        log.info('metrics.listening', {address: endpointText(bound.endpoint)})
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        log.warning('metrics.not-listening', {reason: `METRICS_ADDRESS: ${error.message}`})
      }
    }
  }

  #prepareState(path: string, {uid, gid}: SystemUser): void {
    if (mkdirSync(path, {recursive: true, mode: 0o750}) !== undefined) chownSync(path, uid, gid)
  }

  async #chooseAuthUser(user: SystemUser): Promise<void> {
    const reason = await whyAuthIsRoot(this.#configuration.now, user)
    if (reason !== undefined) this.#options.log.info('auth.runs-as-root', {reason})
    this.#authUser = reason === undefined ? user : undefined
  }

  #makeRoles(user: SystemUser, directory: string): {readonly auth: AuthKeeper; readonly front: FrontKeeper} {
    const parts = this.#parts
    const {log, jsonLine} = this.#options
    const path = this.#authSocketPath(directory)
    this.#authSocket = bindLocalSocket(path)
    chmodSync(path, 0o600)
    chownSync(path, user.uid, user.gid)
    const auth = new AuthKeeper({
      spawn: () => this.#spawn({role: 'auth', title: 'courier: auth', user: this.#authUser, noNewPrivileges: false}),
      configuration: () => this.#authConfiguration(user),
      socket: this.#authSocket,
      tickets: this.#tickets,
      parts,
      jsonLine,
      log,
    })
    const desk = new HandOverDesk({
      tickets: this.#tickets,
      take: (session) => mail.take(session),
      endedOn: (session) => front.send({kind: 'ended', session}),
      log,
    })
    const mail = new MailProcesses({
      configuration: () => this.#mailConfiguration(),
      spawn: ({uid, gid, systemUser}, title) =>
        this.#spawn({
          role: 'mail',
          title,
          user: {uid, gid},
          groupsOf: systemUser,
          noNewPrivileges: !this.#configuration.now.processes.mailGainsRights,
        }),
      shares: () => this.#configuration.now.processes.mailProcesses,
      directory,
      front: user,
      giveBack: (session) => desk.giveBack(session),
      ended: (session) => desk.ended(session),
      parts,
      jsonLine,
      log,
    })
    const front = new FrontKeeper({
      spawn: () => this.#spawn({role: 'front', title: 'courier: front', user, noNewPrivileges: true}),
      configuration: () => this.#frontConfiguration(directory),
      ports: this.#ports,
      metricsPorts: this.#metricsPorts,
      metrics: async () => metricsText(this.#options.version, await this.#parts.states()),
      live: () => desk.passed,
      handOver: (from, message, handle) => desk.handOver(from, message, handle),
      parts,
      jsonLine,
      log,
    })
    this.#desk = desk
    this.#auth = auth
    this.#mail = mail
    this.#front = front
    return {auth, front}
  }

  #authSocketPath(directory: string): string {
    return join(directory, 'auth')
  }

  #spawn(options: Omit<RoleSpawn, 'heapMiB'>): RoleSpawn {
    return {...options, heapMiB: this.#configuration.now.processes.heapMiB[options.role]}
  }

  get #logging(): RoleLogging {
    return {...this.#options.logging, identities: this.#configuration.identities}
  }

  #frontConfiguration(directory: string): FrontConfiguration {
    const services = this.#configuration.now.services.map(({auth: _auth, mail: _mail, tls, ...service}) => {
      if (tls && !this.#watched.has(tls)) this.#watch(tls)
      return {...service, tls: tls?.source.material}
    })
    return {services, log: this.#logging, authSocket: this.#authSocketPath(directory)}
  }

  /** What is replaced on disk goes to the fronts at once. */
  #watch(port: TlsPort): void {
    this.#watched.add(port)
    port.source.onChange((material) => {
      for (const {name, tls} of this.#configuration.now.services) if (tls === port) this.#front?.encrypt(name, material)
    })
  }

  #authConfiguration(owner: SystemUser): AuthConfiguration {
    const {services, publicSocket} = this.#configuration.now
    return {services: services.map(({name, auth}) => ({name, auth})), publicSocket, owner, log: this.#logging}
  }

  #mailConfiguration(): MailConfiguration {
    const {services, umask} = this.#configuration.now
    const {index} = this.#options
    return {services: services.map(({name, imap, mail}) => ({name, imap, mail})), umask, index, log: this.#logging}
  }

  #controlled(): ControlledServer {
    return controlledServer({
      version: this.#options.version,
      configuration: this.#configuration,
      endpoints: (name) => this.endpoints.get(name) ?? [],
      inspect: this.#parts,
      watch: (watcher) => this.#inspector.watch(watcher),
      reload: () => this.reload(),
      restart: () => this.restart(RESTART_MS),
    })
  }

  get endpoints(): ReadonlyMap<string, readonly Endpoint[]> {
    return new Map([...this.#ports].map(([name, bound]) => [name, bound.map(({endpoint}) => endpoint)]))
  }

  reload(): Promise<void> {
    return this.#configuration.reload(() => {
      this.#front?.reconfigure()
      this.#auth?.reconfigure()
      this.#mail?.reconfigure()
    })
  }

  /**
   * Exchanges all processes but this one, for a new version of the program or after a change of rights: the ports stay open, new connections
   * are served all the time, and sessions are told to end one process after the other.
   */
  async restart(limitMs: number): Promise<void> {
    const {log} = this.#options
    log.notice('server.restarting')
    if (this.#user) await this.#chooseAuthUser(this.#user)
    await this.#auth?.replace(limitMs)
    await this.#front?.replace(limitMs, (old) => this.#mail?.endSessions(this.#desk?.relayedBy(old) ?? []))
    await this.#mail?.replace(limitMs)
    log.notice('server.restarted')
  }

  async stop(limitMs: number): Promise<void> {
    await this.#configuration.close()
    await Promise.all([this.#front?.stop(limitMs), this.#mail?.stop(limitMs)])
    await this.#auth?.stop(limitMs)
    for (const {handle} of [...this.#ports.values(), this.#metricsPorts].flat()) handle.close()
    this.#authSocket?.close()
    await this.#control?.stop()
    if (this.#directory !== undefined) removePrivateDirectory(this.#directory)
    this.#inspector.close()
  }
}
