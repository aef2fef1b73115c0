/** Auth as a process of its own: answers fronts at its desk, and other programs on the public socket. */
import type {Account, Ticket} from '../../auth/account.js'
import type {DaemonServer} from '../../auth/daemon/daemon-server.js'
import {LastLogins} from '../../auth/last-logins.js'
import {plainAccount} from '../../auth/plain-account.js'
import type {Tickets} from '../../auth/tickets.js'
import type {ServerHandle} from '../../net/server-handle.js'
import {Fault} from '../../support/fault.js'
import {BySettings} from '../by-settings.js'
import {openPublicSocket} from '../public-socket.js'
import type {ServiceName} from '../server-configuration.js'
import {type AuthSettings, type LocalAuthRole, startAuth} from '../start-auth.js'
import {AuthDesk} from './auth-desk.js'
import type {AuthConfiguration, ToAuth} from './messages.js'
import {receive, tell} from './role-channel.js'
import {RoleLog} from './role-log.js'
import type {RunningRole} from './role-main.js'

/** Tickets are issued by the supervisor, so that they outlive this process; it redeems them too. */
class SupervisorsTickets implements Tickets {
  readonly #waiting = new Map<number, (ticket: Ticket) => void>()
  #last = 0

  issue(account: Account): Promise<Ticket> {
    return new Promise((resolve) => {
      const request = ++this.#last
      this.#waiting.set(request, resolve)
      tell({kind: 'issue', request, account: plainAccount(account)})
    })
  }

  issued(request: number, ticket: Ticket): void {
    this.#waiting.get(request)?.(ticket)
    this.#waiting.delete(request)
  }

  redeem(): undefined {
    return undefined
  }
}

class Auth implements RunningRole {
  readonly #tickets = new SupervisorsTickets()
  #configuration: AuthConfiguration | undefined
  #log: RoleLog | undefined
  #roles: BySettings<AuthSettings, LocalAuthRole> | undefined
  #desk: AuthDesk | undefined
  #daemon: DaemonServer | undefined
  #lastLogins: LastLogins | undefined

  take(message: ToAuth, handle: unknown): void {
    if (message.kind === 'configure') this.#configure(message)
    else if (message.kind === 'socket') void this.#begin(handle as ServerHandle)
    else if (message.kind === 'ticket') this.#tickets.issued(message.request, message.ticket)
    else void this.stop(message.limitMs).finally(() => process.exit(0))
  }

  #configure(configuration: AuthConfiguration): void {
    this.#configuration = configuration
    if (this.#log) this.#log.renew(configuration.log)
    this.#log ??= new RoleLog('auth', configuration.log)
  }

  async #begin(handle: ServerHandle): Promise<void> {
    if (!this.#configuration || !this.#log) throw new Error('Auth has no configuration')
    const {publicSocket, owner} = this.#configuration
    const {log} = this.#log
    const state = this.#configuration.services[0]?.auth.stateDirectory
    if (state !== undefined) this.#lastLogins = new LastLogins({directory: state, log, now: Date.now})
    this.#roles = new BySettings((settings) => startAuth(settings, log, {tickets: this.#tickets, lastLogins: this.#lastLogins}))
    const roleOf = (name: ServiceName) => this.#role(name)
    this.#desk = new AuthDesk({authenticator: roleOf, log})
    await this.#desk.open(handle)
    tell({kind: 'ready'})
    const role = () => {
      const first = this.#configuration?.services[0]
      if (!first) throw new Fault('unavailable', 'No service is configured')
      return {role: roleOf(first.name), settings: first.auth}
    }
    this.#daemon = await openPublicSocket({socket: publicSocket, role, owner, log})
  }

  #role(name: ServiceName): LocalAuthRole {
    const settings = this.#configuration?.services.find((each) => each.name === name)?.auth
    if (!settings || !this.#roles) throw new Error(`${name} is not configured`)
    return this.#roles.for(settings)
  }

  async stop(limitMs: number): Promise<void> {
    this.#desk?.close()
    await this.#daemon?.stop(limitMs)
    for (const role of this.#roles ?? []) await role.close()
    await this.#lastLogins?.close()
    await this.#log?.close()
  }
}

export function runAuth(): RunningRole {
  const auth = new Auth()
  receive<ToAuth>((message, handle) => auth.take(message, handle))
  return auth
}
