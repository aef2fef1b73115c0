/** A mail process: serves the sessions of accounts that have its uid and gid. */
import {createServer, type Server, type Socket} from 'node:net'
import {readPlainAccount} from '../../auth/plain-account.js'
import {CountedIndex} from '../../maildir/index/counted-index.js'
import {attachSocket, type SocketHandle} from '../../net/passed-socket.js'
import {listenOn, type ServerHandle} from '../../net/server-handle.js'
import {Channel} from '../../wire/channel.js'
import {Deadlines} from '../../wire/deadlines.js'
import {StopSignal} from '../../wire/stop-signal.js'
import {makeIndex} from '../index/make-index.js'
import {MailSessions} from '../mail-sessions.js'
import {type MailProcess, mailProcess} from '../start-mail.js'
import type {MailConfiguration, ToMail} from './messages.js'
import {RelayedSessions} from './relayed-sessions.js'
import {receive, tell} from './role-channel.js'
import {RoleLog} from './role-log.js'
import type {RunningRole} from './role-main.js'

interface Live {
  readonly shutdown: StopSignal
  done: Promise<void>
  socket: Socket | undefined
}

class Mail implements RunningRole {
  readonly #live = new Map<number, Live>()
  readonly #relayed = new RelayedSessions()
  readonly #deadlines = new Deadlines()
  readonly #server: Server
  #configuration: MailConfiguration | undefined
  #log: RoleLog | undefined
  #process: MailProcess | undefined
  #sessions: MailSessions | undefined

  constructor() {
    this.#server = createServer({allowHalfOpen: true}, (socket) => this.#relayed.accept(socket))
  }

  take(message: ToMail, handle: unknown): void {
    if (message.kind === 'configure') this.#configure(message)
    else if (message.kind === 'socket') void this.#open(handle as ServerHandle)
    else if (message.kind === 'session') this.#begin(message, handle as SocketHandle | undefined)
    else if (message.kind === 'end') for (const session of message.sessions) this.#live.get(session)?.shutdown.stop()
    else void this.stop(message.limitMs).finally(() => process.exit(0))
  }

  #configure(configuration: MailConfiguration): void {
    this.#configuration = configuration
    process.umask(configuration.umask)
    if (this.#log) this.#log.renew(configuration.log)
    this.#log ??= new RoleLog(process.title.replace('courier: ', ''), configuration.log)
    const {log, book} = this.#log.inspector
    if (!this.#process) {
      const counted = new CountedIndex(makeIndex(configuration.index, log))
      this.#log.inspector.indexCounts = () => counted.counts
      this.#process = mailProcess(log, counted)
    }
    this.#sessions ??= new MailSessions({
      shared: this.#process,
      service: (name) => {
        const service = this.#configuration?.services.find((each) => each.name === name)
        if (!service) throw new Error(`${name} is not configured`)
        return service
      },
      book,
      log,
    })
  }

  async #open(handle: ServerHandle): Promise<void> {
    await listenOn(this.#server, handle)
    tell({kind: 'ready'})
  }

  #begin(message: Extract<ToMail, {readonly kind: 'session'}>, handle: SocketHandle | undefined): void {
    const live: Live = {shutdown: new StopSignal(), socket: undefined, done: Promise.resolve()}
    this.#live.set(message.session, live)
    live.done = this.#serve(message, handle, live).finally(() => {
      this.#live.delete(message.session)
      tell({kind: 'ended', session: message.session})
    })
  }

  /** Never rejects. */
  async #serve(
    {session, service, account, connection, key}: Extract<ToMail, {readonly kind: 'session'}>,
    handle: SocketHandle | undefined,
    live: Live,
  ): Promise<void> {
    try {
      const stream = handle ? attachSocket(handle) : key === undefined ? undefined : await this.#relayed.expect(key)
      if (!stream) return
      live.socket = stream
      tell({kind: 'taken', session})
      const {encrypted, unread, ...facts} = connection
      const channel = new Channel(stream, {deadlines: this.#deadlines, encrypted, unread: Buffer.from(unread, 'base64')})
      await this.#sessions?.serve(
        {...facts, encrypted, channel, ticket: ''},
        {
          account: readPlainAccount(account),
          service,
          shutdown: live.shutdown,
        },
      )
    } catch (error) {
      this.#log?.log.error('mail.bug', {...connection.remote, error})
    }
  }

  async stop(limitMs: number): Promise<void> {
    for (const {shutdown} of this.#live.values()) shutdown.stop()
    const timer = setTimeout(() => {
      for (const {socket} of this.#live.values()) socket?.destroy()
    }, limitMs)
    await Promise.all([...this.#live.values()].map(({done}) => done))
    clearTimeout(timer)
    await this.#process?.index.close()
    await this.#log?.close()
  }
}

export function runMail(): RunningRole {
  const mail = new Mail()
  receive<ToMail>((message, handle) => mail.take(message, handle))
  return mail
}
