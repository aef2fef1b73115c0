import {randomBytes} from 'node:crypto'
import {performance} from 'node:perf_hooks'
import type {Endpoint} from '../config/port-list.js'
import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import {TicketKeys} from '../tls/ticket-keys.js'
import {TlsSources} from '../tls/tls-sources.js'
import {accountProblems} from './account-check.js'
import {loadServerConfiguration, type ServerConfiguration, type ServiceConfiguration, type ServiceName} from './server-configuration.js'
import {PROGRAMS} from './service-logs.js'
import type {SyslogIdentities} from './standard-log.js'

export interface LiveConfigurationOptions {
  /** Directory with `imapd` and `imapd-ssl`. */
  readonly directory: string
  /** Directory with `authdaemonrc` and `userdb`. */
  readonly authDirectory: string
  /** Services by name; none: those that the files switch on. */
  readonly services: readonly ServiceName[]
  /** Where to listen instead of what the files say. */
  readonly endpoints: Partial<Record<ServiceName, readonly Endpoint[]>>
  readonly version: string
  /** Directory for what has to last; undefined: nothing lasts. */
  readonly stateDirectory?: string | undefined
  /** Takes what LOGGEROPTS says of the lines in syslog. */
  readonly identifyLogs?: ((identities: SyslogIdentities) => void) | undefined
  readonly log: Log
}

/** The configuration that a server runs with, read from files and read again. A broken one changes nothing. */
export class LiveConfiguration {
  readonly #options: LiveConfigurationOptions
  readonly #tls: TlsSources
  #now: ServerConfiguration | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(options: LiveConfigurationOptions) {
    this.#options = options
    const ticketKeys = new TicketKeys({random: randomBytes, now: () => performance.now()})
    this.#tls = new TlsSources({
      ticketKeys: () => ticketKeys.current,
      onProblem: (reason) => options.log.error('tls.not-renewed', {reason}),
    })
  }

  /** The configuration of the moment. */
  get now(): ServerConfiguration {
    if (!this.#now) throw new Fault('bad-configuration', 'The configuration has not been read')
    return this.#now
  }

  service(name: ServiceName): ServiceConfiguration {
    const found = this.now.services.find((each) => each.name === name)
    if (!found) throw new Fault('bad-configuration', `${name} is not configured`)
    return found
  }

  /** What LOGGEROPTS says of the lines in syslog. */
  get identities(): SyslogIdentities {
    return Object.fromEntries(this.now.services.map(({name, logger}) => [PROGRAMS[name], logger]))
  }

  #read(): Promise<ServerConfiguration> {
    return loadServerConfiguration({...this.#options, tls: this.#tls})
  }

  #use(configuration: ServerConfiguration): void {
    for (const reason of configuration.warnings) this.#options.log.warning('config.problem', {reason})
    this.#now = configuration
    this.#tls.keepOnly(configuration.services.map(({tls}) => tls))
    process.umask(configuration.umask)
    this.#options.identifyLogs?.(this.identities)
  }

  /** Reads it for the first time. @throws {Fault} `bad-configuration` with all problems, one on each line */
  async load(): Promise<void> {
    this.#use(await this.#read())
  }

  /** Reads it again, one time after the other, however often it is asked for; `changed` is called when it is used. Never rejects. */
  reload(changed: () => void = () => undefined): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload(changed))
    return this.#reloading
  }

  async #reload(changed: () => void): Promise<void> {
    const {log} = this.#options
    try {
      const fresh = await this.#read()
      const old = this.now
      const missing = old.services.filter(({name}) => !fresh.services.some((each) => each.name === name))
      const moved = fresh.services.filter(({name, endpoints}) => {
        const before = old.services.find((each) => each.name === name)
        return JSON.stringify(before?.endpoints) !== JSON.stringify(endpoints)
      })
      for (const {name} of [...missing, ...moved])
        log.warning('config.needs-restart', {reason: `Other ports for ${name} take effect at the next start`})
      if (JSON.stringify(old.publicSocket) !== JSON.stringify(fresh.publicSocket))
        log.warning('config.needs-restart', {reason: 'Another socket for other programs takes effect at the next start'})
      if (JSON.stringify(old.metrics) !== JSON.stringify(fresh.metrics))
        log.warning('config.needs-restart', {reason: 'Another METRICS_ADDRESS takes effect at the next start'})
      // What is switched off goes on until then.
      this.#use({...fresh, services: [...fresh.services, ...missing]})
      changed()
      await this.checkAccounts()
      log.notice('server.reloaded')
    } catch (error) {
      log.error('config.refused', {reason: 'The configuration that was running stays'})
      const text = error instanceof Error ? error.message : String(error)
      for (const reason of text.split('\n')) log.error('config.problem', {reason})
      if (!(error instanceof Fault)) log.error('config.bug', {error})
    }
  }

  /** Logs why logins would fail although the server runs. */
  async checkAccounts(): Promise<void> {
    const problems = await Promise.all(this.now.services.map(({auth}) => accountProblems(auth)))
    for (const reason of new Set(problems.flat())) this.#options.log.warning('auth.problem', {reason})
  }

  /** Waits for a reload that goes on, and looks at no file any more. */
  async close(): Promise<void> {
    await this.#reloading
    this.#tls.keepOnly([])
  }
}
