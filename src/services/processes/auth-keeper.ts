/** Keeps the auth process alive. Its socket is the supervisor's: fronts that connect while none lives wait for the next. */
import {performance} from 'node:perf_hooks'
import type {TicketBook} from '../../auth/tickets.js'
import type {Log} from '../../log/log.js'
import type {ServerHandle} from '../../net/server-handle.js'
import type {InspectedParts} from '../control/inspected-parts.js'
import {type AuthConfiguration, type FromAuth, readFromAuth, type ToAuth} from './messages.js'
import {Restarts} from './restarts.js'
import {RoleProcess} from './role-process.js'
import type {RoleSpawn} from './spawn-role.js'

export interface AuthKeeperOptions {
  readonly spawn: () => RoleSpawn
  readonly configuration: () => AuthConfiguration
  /** The socket that fronts connect to. */
  readonly socket: ServerHandle
  readonly tickets: TicketBook
  readonly parts: InspectedParts
  readonly jsonLine: (line: string) => void
  readonly log: Log
}

export class AuthKeeper {
  readonly #options: AuthKeeperOptions
  readonly #restarts = new Restarts(() => performance.now())
  #current: RoleProcess<ToAuth, FromAuth> | undefined
  #timer: NodeJS.Timeout | undefined
  #stopping = false

  constructor(options: AuthKeeperOptions) {
    this.#options = options
  }

  /** Resolves when it answers, or has ended: false. */
  start(): Promise<boolean> {
    const {spawn, configuration, socket, tickets, parts, jsonLine, log} = this.#options
    return new Promise((resolve) => {
      const auth: RoleProcess<ToAuth, FromAuth> = new RoleProcess({
        spawn: spawn(),
        read: readFromAuth,
        take: (message) => {
          if (message.kind === 'ready') resolve(true)
          else auth.send({kind: 'ticket', request: message.request, ticket: tickets.issue(message.account)})
        },
        ended: () => {
          resolve(false)
          if (this.#current !== auth || this.#stopping) return
          this.#timer = setTimeout(() => void this.start(), this.#restarts.waitMs())
        },
        parts,
        jsonLine,
        log,
      })
      this.#current = auth
      this.#restarts.began()
      auth.send({kind: 'configure', ...configuration()})
      auth.send({kind: 'socket'}, socket)
    })
  }

  reconfigure(): void {
    this.#current?.send({kind: 'configure', ...this.#options.configuration()})
  }

  /** The process of now ends, then another one answers: logins wait for it. The socket for other programs has one owner. */
  async replace(limitMs: number): Promise<void> {
    const old = this.#current
    this.#current = undefined
    await old?.stop({kind: 'stop', limitMs}, limitMs)
    await this.start()
  }

  async stop(limitMs: number): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    await this.#current?.stop({kind: 'stop', limitMs}, limitMs)
  }
}
