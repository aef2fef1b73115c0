/** Where sessions change from the front to their mail processes: the ticket decides whose a session is, never the front. */
import type {TicketBook} from '../../auth/tickets.js'
import type {Log} from '../../log/log.js'
import type {SocketHandle} from '../../net/passed-socket.js'
import type {FrontProcess, HandOverMessage} from './front-keeper.js'
import type {MailSession} from './mail-processes.js'
import type {LiveSession} from './messages.js'

export interface HandOverDeskOptions {
  readonly tickets: TicketBook
  /** Serves the session. */
  readonly take: (session: MailSession) => void
  /** Tells the fronts that a session has ended. */
  readonly endedOn: (session: number) => void
  readonly log: Log
}

export class HandOverDesk {
  readonly #options: HandOverDeskOptions
  /** Sessions that have been handed over and not ended. */
  readonly #open = new Map<number, MailSession>()

  constructor(options: HandOverDeskOptions) {
    this.#options = options
  }

  handOver(front: FrontProcess, message: HandOverMessage, handle: SocketHandle | undefined): void {
    const {tickets, take, log} = this.#options
    const account = tickets.redeem(message.ticket)
    if (!account || this.#open.has(message.session)) {
      log.error('server.bad-ticket', {...message.connection.remote, reason: 'The front has handed over a session without a good ticket'})
      this.#refuse(front, message.session, handle)
      return
    }
    const session: MailSession = {front, message, account, handle}
    this.#open.set(message.session, session)
    take(session)
  }

  giveBack({front, message: {session}, handle}: MailSession): void {
    this.#open.delete(session)
    this.#refuse(front, session, handle)
  }

  #refuse(front: FrontProcess, session: number, handle: SocketHandle | undefined): void {
    front.send({kind: 'returned', session}, handle, () => handle?.close())
  }

  ended(session: number): void {
    if (this.#open.delete(session)) this.#options.endedOn(session)
  }

  /** Sessions whose sockets were passed: they go on whatever becomes of the front. */
  get passed(): readonly LiveSession[] {
    return [...this.#open.values()]
      .filter(({message}) => message.passed)
      .map(({message: {session, service, connection}}) => ({session, service, ip: connection.remote.ip}))
  }

  /** Sessions that end when this front does. */
  relayedBy(front: FrontProcess): readonly number[] {
    return [...this.#open.values()].filter((each) => each.front === front && !each.message.passed).map(({message}) => message.session)
  }
}
