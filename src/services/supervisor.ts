/** The supervisor in its single-process form: starts the roles, reloads them, stops them in order (`design.md` §2). */
import {randomBytes} from 'node:crypto'
import {performance} from 'node:perf_hooks'
import type {DaemonServer} from '../auth/daemon/daemon-server.js'
import {type Endpoint, endpointText} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import {TlsSources} from '../tls/tls-sources.js'
import {Deadlines} from '../wire/deadlines.js'
import {accountProblems} from './account-check.js'
import {BySettings} from './by-settings.js'
import type {ControlServer} from './control/control-server.js'
import {openControl} from './control/open-control.js'
import type {ControlledServer} from './control/request.js'
import {RoleInspector} from './control/role-inspector.js'
import {ImapFront} from './imap-front.js'
import {type IndexPlace, makeIndex, prepareIndexDirectory} from './index/make-index.js'
import {localMail} from './local-mail.js'
import {MailSessions} from './mail-sessions.js'
import {openPublicSocket} from './public-socket.js'
import type {FrontRole} from './roles.js'
import {loadServerConfiguration, type ServerConfiguration, type ServiceConfiguration, type ServiceName} from './server-configuration.js'
import {PROGRAMS} from './service-logs.js'
import type {SyslogIdentities} from './standard-log.js'
import {type AuthSettings, type LocalAuthRole, startAuth} from './start-auth.js'
import {type MailProcess, mailProcess} from './start-mail.js'
import {becomeUser, isRoot, type SystemUser} from './unprivileged-user.js'

export interface SupervisorOptions {
  /** Directory with `imapd` and `imapd-ssl`. */
  readonly directory: string
  /** Directory with `authdaemonrc` and `userdb`. */
  readonly authDirectory: string
  /** Services by name; none: those that the files switch on. */
  readonly services: readonly ServiceName[]
  /** Where to listen instead of what the files say. */
  readonly endpoints: Partial<Record<ServiceName, readonly Endpoint[]>>
  /** Who to become once the ports are open, when started as root. */
  readonly user: SystemUser | undefined
  readonly version: string
  /** What may be derived again is kept here. */
  readonly index: IndexPlace
  /** Directory for what has to last; undefined: nothing lasts. */
  readonly stateDirectory?: string | undefined
  /** Directory for the socket of `courier who` and its like; undefined: none. */
  readonly runDirectory?: string | undefined
  /** Log lines that could not be written so far. */
  readonly lostLogLines?: (() => number) | undefined
  /** Takes what LOGGEROPTS says of the lines in syslog. */
  readonly identifyLogs?: ((identities: SyslogIdentities) => void) | undefined
  readonly log: Log
}

export interface RunningServer {
  /** The open ports by service. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>
  /** Reads the configuration again; a broken one changes nothing. */
  reload(): Promise<void>
  /** Closes the ports, says goodbye, and cuts sessions that take longer than `limitMs`. */
  stop(limitMs: number): Promise<void>
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

class Supervisor implements RunningServer {
  readonly #options: SupervisorOptions
  readonly #inspector: RoleInspector
  readonly #tls: TlsSources
  readonly #auth: BySettings<AuthSettings, LocalAuthRole>
  readonly #deadlines = new Deadlines()
  #configuration: ServerConfiguration
  #front: FrontRole | undefined
  #daemon: DaemonServer | undefined
  #mailProcess: MailProcess | undefined
  #sessions: MailSessions | undefined
  #control: ControlServer | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(options: SupervisorOptions) {
    const {lostLogLines} = options
    this.#inspector = new RoleInspector({role: 'server', log: options.log, pid: process.pid, now: Date.now, lostLogLines})
    const {log} = this.#inspector
    this.#options = {...options, log}
    this.#tls = new TlsSources({
      ticketKeys: randomBytes(48).toString('base64'),
      onProblem: (reason) => log.error('tls.not-renewed', {reason}),
    })
    this.#configuration = {services: [], umask: 0o022, publicSocket: {directory: '', listen: false}, debugLogin: false, warnings: []}
    this.#auth = new BySettings((settings) => startAuth(settings, log))
  }

  #load(): Promise<ServerConfiguration> {
    const {directory, authDirectory, services, endpoints, version} = this.#options
    return loadServerConfiguration({
      directory,
      authDirectory,
      services,
      endpoints,
      version,
      tls: this.#tls,
      stateDirectory: this.#options.stateDirectory,
    })
  }

  #use(configuration: ServerConfiguration): void {
    for (const reason of configuration.warnings) this.#options.log.warning('config.problem', {reason})
    this.#configuration = configuration
    this.#tls.keepOnly(configuration.services.map(({tls}) => tls))
    process.umask(configuration.umask)
    this.#options.identifyLogs?.(Object.fromEntries(configuration.services.map(({name, logger}) => [PROGRAMS[name], logger])))
  }

  #service(name: ServiceName): ServiceConfiguration {
    const found = this.#configuration.services.find((each) => each.name === name)
    if (!found) throw new Fault('bad-configuration', `${name} is not configured`)
    return found
  }

  /** Made for the first session: after root has been given up. */
  #mailSessions(): MailSessions {
    const {log, index} = this.#options
    this.#mailProcess ??= mailProcess(log, makeIndex(index, log))
    this.#sessions ??= new MailSessions({
      shared: this.#mailProcess,
      service: (name) => this.#service(name),
      deadlines: this.#deadlines,
      book: this.#inspector.book,
      log,
    })
    return this.#sessions
  }

  /** Opens the ports, then gives root up, then starts what touches mail and passwords. @throws {Fault} `bad-configuration` */
  async start(): Promise<void> {
    const {log, user} = this.#options
    this.#use(await this.#load())
    const front = new ImapFront({
      service: (name) => this.#service(name),
      names: this.#configuration.services.map(({name}) => name),
      authFor: ({auth}) => this.#auth.for(auth),
      mailFor: ({auth}) => localMail(this.#mailSessions(), {tickets: this.#auth.for(auth), log}),
      deadlines: this.#deadlines,
      log,
      now: () => performance.now(),
    })
    await front.open()
    this.#front = front
    this.#daemon = await this.#openSocket(user)
    this.#control = await openControl({run: this.#options.runDirectory, server: this.#controlled(), owner: user, log})
    if (user && isRoot()) {
      await Promise.all(this.#configuration.services.map(({auth}) => this.#auth.for(auth).warmUp()))
      this.#prepareIndex(user)
      becomeUser(user)
    }
    front.begin()
    await this.#checkAccounts()
    for (const [name, endpoints] of front.endpoints)
      log.info('server.listening', {protocol: name, address: endpoints.map(endpointText).join(',')})
  }

  /** What `courier who` and its like may ask and do. */
  #controlled(): ControlledServer {
    return {
      version: this.#options.version,
      pid: process.pid,
      services: () =>
        this.#configuration.services.map(({name, limits}) => ({
          name,
          endpoints: (this.endpoints.get(name) ?? []).map(endpointText),
          maxConnections: limits.total,
          maxPerAddress: limits.perAddress,
        })),
      inspect: this.#inspector,
      watch: (watcher) => this.#inspector.watch(watcher),
      reload: () => this.reload(),
      stop: () => process.kill(process.pid, 'SIGTERM'),
    }
  }

  /** Before root is given up: the socket's directory may be root's. */
  #openSocket(owner: SystemUser | undefined): Promise<DaemonServer | undefined> {
    const role = () => {
      const settings = this.#configuration.services[0]?.auth
      if (!settings) throw new Fault('unavailable', 'No service is configured')
      return {role: this.#auth.for(settings), settings}
    }
    return openPublicSocket({socket: this.#configuration.publicSocket, role, owner, log: this.#options.log})
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

  async #checkAccounts(): Promise<void> {
    const problems = await Promise.all(this.#configuration.services.map(({auth}) => accountProblems(auth)))
    for (const reason of new Set(problems.flat())) this.#options.log.warning('auth.problem', {reason})
  }

  get endpoints(): ReadonlyMap<string, readonly Endpoint[]> {
    return this.#front?.endpoints ?? new Map()
  }

  /** One after the other, however often it is asked for. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload())
    return this.#reloading
  }

  async #reload(): Promise<void> {
    const {log} = this.#options
    try {
      const fresh = await this.#load()
      const missing = this.#configuration.services.filter(({name}) => !fresh.services.some((each) => each.name === name))
      const moved = fresh.services.filter(({name, endpoints}) => {
        const now = this.#configuration.services.find((each) => each.name === name)
        return JSON.stringify(now?.endpoints) !== JSON.stringify(endpoints)
      })
      for (const {name} of [...missing, ...moved])
        log.warning('config.needs-restart', {reason: `Other ports for ${name} take effect at the next start`})
      if (JSON.stringify(this.#configuration.publicSocket) !== JSON.stringify(fresh.publicSocket))
        log.warning('config.needs-restart', {reason: 'Another socket for other programs takes effect at the next start'})
      // What is switched off goes on until then.
      this.#use({...fresh, services: [...fresh.services, ...missing]})
      await this.#checkAccounts()
      log.notice('server.reloaded')
    } catch (error) {
      log.error('config.refused', {reason: 'The configuration that was running stays'})
      for (const reason of messageOf(error).split('\n')) log.error('config.problem', {reason})
      if (!(error instanceof Fault)) log.error('config.bug', {error})
    }
  }

  async stop(limitMs: number): Promise<void> {
    await this.#reloading
    await Promise.all([this.#front?.stop(limitMs), this.#daemon?.stop(limitMs)])
    this.#tls.keepOnly([])
    for (const role of this.#auth) await role.close()
    await this.#mailProcess?.index.close()
    this.#inspector.close()
    await this.#control?.stop()
  }
}

/** Starts a server in this process. @throws {Fault} `bad-configuration` with a text that says what to do */
export async function startServer(options: SupervisorOptions): Promise<RunningServer> {
  const supervisor = new Supervisor(options)
  await supervisor.start()
  return supervisor
}
