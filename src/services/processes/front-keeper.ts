/** Keeps a front alive: the ports are the supervisor's, so that what comes while none lives is answered by the next. */
import {performance} from 'node:perf_hooks'
import type {Log} from '../../log/log.js'
import type {SocketHandle} from '../../net/passed-socket.js'
import type {BoundPort} from '../../net/server-handle.js'
import type {TlsMaterial} from '../../tls/tls-material.js'
import type {InspectedParts} from '../control/inspected-parts.js'
import type {ServiceName} from '../server-configuration.js'
import {type FromFront, type FrontConfiguration, type LiveSession, readFromFront, type ToFront} from './messages.js'
import {Restarts} from './restarts.js'
import {RoleProcess} from './role-process.js'
import type {RoleSpawn} from './spawn-role.js'

/** Sessions that one front can number. */
const NUMBERS = 1_000_000_000

export type HandOverMessage = Extract<FromFront, {readonly kind: 'hand-over'}>

/** A front while it lives. */
export interface FrontProcess {
  send(message: ToFront, handle?: object, sent?: () => void): void
}

export interface FrontKeeperOptions {
  readonly spawn: () => RoleSpawn
  readonly configuration: () => FrontConfiguration
  readonly ports: ReadonlyMap<ServiceName, readonly BoundPort[]>
  readonly metricsPorts: readonly BoundPort[]
  /** The text of /metrics at this moment. */
  readonly metrics: () => Promise<string>
  /** Sessions that go on without the front that accepted them. */
  readonly live: () => readonly LiveSession[]
  /** `handle` is the socket of a session that was passed. */
  readonly handOver: (front: FrontProcess, message: HandOverMessage, handle: SocketHandle | undefined) => void
  readonly parts: InspectedParts
  readonly jsonLine: (line: string) => void
  readonly log: Log
}

interface Running {
  readonly process: RoleProcess<ToFront, FromFront>
  readonly ready: Promise<boolean>
}

export class FrontKeeper {
  readonly #options: FrontKeeperOptions
  readonly #restarts = new Restarts(() => performance.now())
  /** All that live: the last one takes new connections, earlier ones finish. */
  readonly #fronts = new Set<RoleProcess<ToFront, FromFront>>()
  #current: Running | undefined
  #metrics: Promise<string> | undefined
  #generation = 0
  #timer: NodeJS.Timeout | undefined
  #stopping = false

  constructor(options: FrontKeeperOptions) {
    this.#options = options
  }

  /** Resolves when it takes connections, or has ended: false. */
  start(): Promise<boolean> {
    this.#current = this.#run()
    return this.#current.ready
  }

  #run(): Running {
    const {spawn, configuration, ports, metricsPorts, live, handOver, parts, jsonLine, log} = this.#options
    const firstSession = ++this.#generation * NUMBERS
    let settle: (isReady: boolean) => void = () => undefined
    const ready = new Promise<boolean>((resolve) => {
      settle = resolve
    })
    const front: RoleProcess<ToFront, FromFront> = new RoleProcess({
      spawn: spawn(),
      read: readFromFront,
      take: (message, handle) => {
        if (message.kind === 'ready') return settle(true)
        if (message.kind === 'metrics') return void this.#answerMetrics(front, message.request)
        const socket = handle as SocketHandle | undefined
        // Who numbers sessions that are not its own is not obeyed.
        const isOwn = message.session >= firstSession && message.session < firstSession + NUMBERS
        if (isOwn && message.passed === (socket !== undefined)) handOver(front, message, socket)
        else socket?.close()
      },
      ended: () => {
        settle(false)
        this.#fronts.delete(front)
        if (this.#current?.process === front) this.#again()
      },
      parts,
      jsonLine,
      log,
    })
    this.#fronts.add(front)
    this.#restarts.began()
    front.send({kind: 'configure', ...configuration()})
    for (const [service, bound] of ports) for (const {handle} of bound) front.send({kind: 'port', service}, handle)
    for (const {handle} of metricsPorts) front.send({kind: 'metrics-port'}, handle)
    front.send({kind: 'begin', firstSession, live: live()})
    return {process: front, ready}
  }

  /** All who ask while an answer is made get that one: a front cannot make the processes work for it alone. */
  async #answerMetrics(front: FrontProcess, request: number): Promise<void> {
    this.#metrics ??= this.#options.metrics().finally(() => {
      this.#metrics = undefined
    })
    front.send({kind: 'metrics', request, text: await this.#metrics})
  }

  #again(): void {
    if (this.#stopping) return
    this.#timer = setTimeout(() => void this.start(), this.#restarts.waitMs())
  }

  /** All fronts that live. */
  send(message: ToFront): void {
    for (const front of this.#fronts) front.send(message)
  }

  /** The settings are others now. */
  reconfigure(): void {
    this.send({kind: 'configure', ...this.#options.configuration()})
  }

  encrypt(service: ServiceName, tls: TlsMaterial): void {
    this.send({kind: 'tls', service, tls})
  }

  /** Another front takes over; when it does, the one of now ends with what it has. `before`: called between the two. */
  async replace(limitMs: number, before: (old: FrontProcess) => void): Promise<void> {
    const old = this.#current
    const next = this.#run()
    this.#current = next
    if (!(await next.ready)) return
    if (!old || old.process.hasEnded) return
    before(old.process)
    await old.process.stop({kind: 'stop', limitMs}, limitMs)
  }

  async stop(limitMs: number): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#fronts].map((front) => front.stop({kind: 'stop', limitMs}, limitMs)))
  }
}
