/** An IMAP connection from its greeting to a successful login, or to its end: what the front serves. */
import type {Duplex} from 'node:stream'
import type {Authenticator, ChannelFacts} from '../auth/account.js'
import {REAL_TIME, type TimeSource} from '../auth/failure-clock.js'
import type {Log} from '../log/log.js'
import {Hangup} from '../support/fault.js'
import type {Place} from '../support/linked-list.js'
import {Channel} from '../wire/channel.js'
import type {Deadline, DeadlineSource} from '../wire/deadlines.js'
import type {ConnectionEnd, HandedOver} from '../wire/hand-over.js'
import {TIMES} from '../wire/limits.js'
import type {StopSignal} from '../wire/stop-signal.js'
import {Capabilities} from './capability.js'
import {type Admission, breakOff, converse, type Ending, logEnd, type Outgoing} from './conversation.js'
import {ImapSession} from './imap-session.js'
import {ImapLoginDesk} from './login-desk.js'
import type {ImapSettings} from './settings.js'
import type {AnyVerb} from './verb.js'
import {VERBS} from './verbs/registry.js'

/** One connection and what the server offers to it before the login. */
export interface ImapLoginOptions {
  /** The client. Sockets must be made with `allowHalfOpen`. */
  readonly stream: Duplex
  /** The client's address and port, as logs show them. */
  readonly remote: ConnectionEnd
  /** The stream is encrypted. */
  readonly encrypted: boolean
  /** Does the handshake and gives the encrypted stream; undefined: no STARTTLS. */
  readonly startTls?: (() => Promise<Duplex>) | undefined
  /** What an encrypted stream says for a login; none: nothing. */
  readonly tlsFacts?: ((stream: Duplex) => TlsFacts | undefined) | undefined
  readonly settings: ImapSettings
  readonly deadlines: DeadlineSource
  readonly log: Log
  readonly authenticator: Authenticator
  /** Name of the service for the authentication, `AUTHSERVICE<port>`; asked at a login. */
  readonly service?: () => string
  /** Ends the connection with BYE at the next chance. */
  readonly shutdown?: StopSignal | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** The commands; all by default. */
  readonly verbs?: readonly AnyVerb[]
  /** What the server can do; made of settings and commands when it is not given. */
  readonly capabilities?: Capabilities
  /** For failed logins; tests have their own. */
  readonly time?: TimeSource
  /** From the connection to the login, milliseconds. */
  readonly loginMs?: number
}

/** What the encryption says for a login: fields of the verified client certificate, data for channel binding. */
export interface TlsFacts {
  readonly subject: ReadonlyMap<string, string>
  /** There are bindings; may be worked out at this moment. */
  readonly canBind: boolean
  /** Worked out when somebody wants them. */
  readonly bindings: ReadonlyMap<string, Buffer>
}

const NO_TLS: TlsFacts = {subject: new Map(), canBind: false, bindings: new Map()}

/**
 * Serves a connection until the login. Answers with the connection when a login was successful: its answer is still to be given;
 * with undefined when the connection has ended.
 *
 * Never rejects: what goes wrong is logged and ends this connection only.
 */
export function serveImapLogin(options: ImapLoginOptions): Promise<HandedOver | undefined> {
  return new LoginConnection(options).serve()
}

class LoginConnection {
  readonly #options: ImapLoginOptions
  readonly #channel: Channel
  readonly #session: ImapSession
  readonly #login: ImapLoginDesk
  readonly #verbs: readonly AnyVerb[]
  readonly #beganMs: number
  /** Whatever the client does, the login has to be done in time; then the connection ends without a word, as Courier's does. */
  readonly #deadline: Deadline
  #stopping: Place | undefined
  #encrypted: boolean
  #tls = NO_TLS

  constructor(options: ImapLoginOptions) {
    const {
      stream,
      deadlines,
      encrypted,
      settings,
      log,
      remote,
      now = Date.now,
      verbs = VERBS,
      authenticator,
      service = () => 'imap',
    } = options
    const {capabilities = new Capabilities(settings, verbs)} = options
    this.#options = options
    this.#channel = new Channel(stream, {deadlines, encrypted})
    this.#deadline = deadlines.create(() => this.#channel.destroy(new Hangup('idle')))
    this.#encrypted = encrypted
    if (encrypted) this.#tls = options.tlsFacts?.(stream) ?? NO_TLS
    this.#verbs = verbs
    this.#beganMs = now()
    const capability = (): string =>
      capabilities.words({
        authenticated: false,
        encrypted: this.#encrypted,
        canEncrypt: this.#canEncrypt,
        canBind: () => this.#tls.canBind,
        hasIdentity: this.#identity !== undefined,
      })
    this.#session = new ImapSession({channel: this.#channel, settings, log, client: remote, now, capability})
    this.#login = new ImapLoginDesk({
      session: this.#session,
      authenticator,
      service,
      encrypted: () => this.#encrypted,
      channel: () => this.#channelFacts(),
      canEncrypt: () => this.#canEncrypt,
      discardReceived: () => this.#channel.discardReceived(),
      encrypt: () => this.#encrypt(),
      time: options.time,
    })
  }

  get #canEncrypt(): boolean {
    return !this.#encrypted && this.#options.startTls !== undefined
  }

  /** Who the client certificate says the client is. */
  get #identity(): string | undefined {
    const {certificateField} = this.#options.settings
    return certificateField === undefined ? undefined : this.#tls.subject.get(certificateField)
  }

  #channelFacts(): ChannelFacts {
    return {
      encrypted: this.#encrypted,
      certificateIdentity: this.#identity,
      bindings: this.#tls.bindings,
      bindingAnnounced: / AUTH=SCRAM-SHA-256-PLUS( |$)/i.test(this.#session.capability()),
    }
  }

  async #encrypt(): Promise<void> {
    const {startTls, tlsFacts} = this.#options
    if (!startTls) throw new Error('STARTTLS is not possible here')
    try {
      await this.#channel.encrypt(async () => {
        const stream = await startTls()
        this.#tls = tlsFacts?.(stream) ?? NO_TLS
        return stream
      })
    } catch (error) {
      this.#options.log.debug('imap.tls-failed', {...this.#session.client, error})
      throw new Hangup('closed', 'The TLS handshake failed')
    }
    this.#encrypted = true
  }

  serve(): Promise<HandedOver | undefined> {
    const {shutdown, loginMs = TIMES.loginMs} = this.#options
    this.#stopping = shutdown?.add(() => this.#channel.interrupt(new Hangup('shutdown')))
    this.#deadline.set(loginMs)
    return this.#talk().then((outgoing) => this.#conclude(outgoing))
  }

  /** Never rejects. */
  async #talk(): Promise<Outgoing> {
    const channel = this.#channel
    const session = this.#session
    try {
      const greeted = this.#greet()
      if (greeted !== undefined) await greeted
      return await converse({channel, session, stage: {kind: 'login', login: this.#login}, verbs: this.#verbs})
    } catch (error) {
      return breakOff(error, {channel, session})
    }
  }

  #conclude(outgoing: Outgoing): HandedOver | Promise<undefined> {
    if (typeof outgoing !== 'object') return this.#end(outgoing)
    if (this.#channel.isGone) return this.#end('disconnected')
    this.#stopWaiting()
    return this.#handOver(outgoing)
  }

  async #end(ending: Ending): Promise<undefined> {
    try {
      logEnd(ending, {session: this.#session, channel: this.#channel, beganMs: this.#beganMs, encrypted: this.#encrypted})
      await this.#channel.close()
    } finally {
      this.#stopWaiting()
      this.#channel.end()
    }
    return undefined
  }

  #stopWaiting(): void {
    this.#stopping?.leave()
    this.#deadline.clear()
  }

  #greet(): Promise<void> | undefined {
    const session = this.#session
    this.#options.log.debug('imap.connection', session.client)
    session.out.line(`* OK [CAPABILITY ${session.capability()}] Courier-IMAP ready.`)
    return session.out.flush()
  }

  #handOver({ticket, beganMs, tag}: Admission): HandedOver {
    const {remote, time = REAL_TIME} = this.#options
    const elapsedMs = time.now() - beganMs
    return {ticket, tag, elapsedMs, encrypted: this.#encrypted, remote, channel: this.#channel}
  }
}
