/** The front as a process of its own: takes connections, and knows them until their logins. */
import {performance} from 'node:perf_hooks'
import type {SocketHandle} from '../../net/passed-socket.js'
import type {ServerHandle} from '../../net/server-handle.js'
import {LiveAcceptor, type MaterialFeed} from '../../tls/live-acceptor.js'
import type {TlsMaterial} from '../../tls/tls-material.js'
import {Deadlines} from '../../wire/deadlines.js'
import {type FrontService, ImapFront} from '../imap-front.js'
import type {ServiceName} from '../server-configuration.js'
import type {FrontConfiguration, PlainFrontService, ToFront} from './messages.js'
import {RemoteAuth} from './remote-auth.js'
import {RemoteMail} from './remote-mail.js'
import {RemoteMetrics} from './remote-metrics.js'
import {receive, tell} from './role-channel.js'
import {RoleLog} from './role-log.js'
import type {RunningRole} from './role-main.js'

/** The material that the supervisor has sent last. */
class SentMaterial implements MaterialFeed {
  material: TlsMaterial

  constructor(material: TlsMaterial) {
    this.material = material
  }

  settled(): undefined {}
}

class Front implements RunningRole {
  readonly #services = new Map<ServiceName, FrontService>()
  readonly #materials = new Map<ServiceName, {readonly feed: SentMaterial; readonly live: LiveAcceptor}>()
  readonly #ports = new Map<ServiceName, ServerHandle[]>()
  /** What to do when a session ends that an earlier front accepted. */
  readonly #earlier = new Map<number, () => void>()
  readonly #metricsPorts: ServerHandle[] = []
  #metrics: RemoteMetrics | undefined
  #log: RoleLog | undefined
  #auth: RemoteAuth | undefined
  #mail: RemoteMail | undefined
  #front: ImapFront | undefined

  take(message: ToFront, handle: unknown): void {
    if (message.kind === 'configure') this.#configure(message)
    else if (message.kind === 'port') this.#portsOf(message.service).push(handle as ServerHandle)
    else if (message.kind === 'metrics-port') this.#metricsPorts.push(handle as ServerHandle)
    else if (message.kind === 'metrics') this.#metrics?.take(message.request, message.text)
    else if (message.kind === 'begin') void this.#begin(message)
    else if (message.kind === 'tls') this.#encrypt(message.service, message.tls)
    else if (message.kind === 'relay') void this.#mail?.begin(message.session, message)
    else if (message.kind === 'returned') void this.#mail?.returned(message.session, handle as SocketHandle | undefined)
    else if (message.kind === 'ended') this.#ended(message.session)
    else void this.stop(message.limitMs).finally(() => process.exit(0))
  }

  #portsOf(name: ServiceName): ServerHandle[] {
    const ports = this.#ports.get(name) ?? []
    this.#ports.set(name, ports)
    return ports
  }

  #configure({services, log, authSocket}: FrontConfiguration): void {
    if (this.#log) this.#log.renew(log)
    this.#log ??= new RoleLog('front', log)
    this.#auth ??= new RemoteAuth({path: authSocket, log: this.#log.log})
    for (const service of services) this.#services.set(service.name, this.#service(service))
  }

  #service({tls, ...service}: PlainFrontService): FrontService {
    return {...service, tls: tls && {live: this.#encrypt(service.name, tls)}}
  }

  #encrypt(name: ServiceName, tls: TlsMaterial): LiveAcceptor {
    const known = this.#materials.get(name)
    if (known) {
      known.feed.material = tls
      return known.live
    }
    const feed = new SentMaterial(tls)
    const live = new LiveAcceptor(feed)
    this.#materials.set(name, {feed, live})
    return live
  }

  async #begin({firstSession, live}: Extract<ToFront, {readonly kind: 'begin'}>): Promise<void> {
    const [log, auth] = [this.#log?.log, this.#auth]
    if (!log || !auth) throw new Error('The front has no configuration')
    const mail = new RemoteMail({firstSession, log})
    this.#mail = mail
    const front = new ImapFront({
      service: (name) => this.#known(name),
      names: [...this.#services.keys()],
      bound: (name) => this.#portsOf(name),
      authFor: (name) => auth.for(name),
      mailFor: () => mail,
      deadlines: new Deadlines(),
      log,
      now: () => performance.now(),
    })
    for (const {session, service, ip} of live) this.#earlier.set(session, front.countElsewhere(service, ip))
    this.#metrics = new RemoteMetrics({bound: this.#metricsPorts, log})
    await Promise.all([front.open(), this.#metrics.open()])
    front.begin()
    this.#front = front
    tell({kind: 'ready'})
  }

  #known(name: ServiceName): FrontService {
    const service = this.#services.get(name)
    if (!service) throw new Error(`${name} is not configured`)
    return service
  }

  #ended(session: number): void {
    this.#earlier.get(session)?.()
    this.#earlier.delete(session)
    this.#mail?.ended(session)
  }

  async stop(limitMs: number): Promise<void> {
    this.#mail?.leavePassed()
    this.#metrics?.stop()
    await this.#front?.stop(limitMs)
    this.#auth?.close()
    await this.#log?.close()
  }
}

export function runFront(): RunningRole {
  const front = new Front()
  receive<ToFront>((message, handle) => front.take(message, handle))
  return front
}
