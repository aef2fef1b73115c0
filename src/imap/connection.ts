import type {Duplex} from 'node:stream'
import type {Account, Authenticator, ChannelFacts, TicketOffice} from '../auth/account.js'
import type {TimeSource} from '../auth/failure-clock.js'
import {optionIsOn} from '../auth/options.js'
import type {Log, LogFacts} from '../log/log.js'
import type {Mailstore} from '../maildir/types.js'
import {Fault, Hangup} from '../support/fault.js'
import {Channel} from '../wire/channel.js'
import type {DeadlineSource} from '../wire/deadlines.js'
import {TIMES} from '../wire/limits.js'
import type {SessionBook} from '../wire/live-session.js'
import {capabilityWords} from './capability.js'
import {readCommand} from './command-reader.js'
import {BUG_FAREWELL, dispatch, findVerb, type Stage, verbsByName} from './dispatcher.js'
import {ImapSession} from './imap-session.js'
import {ImapLoginDesk} from './login-desk.js'
import {bye, type Farewell, formatReply, type Handover, type Outcome, repeated} from './replies/tagged.js'
import type {ImapSettings} from './settings.js'
import type {AnyVerb} from './verb.js'
import {VERBS} from './verbs/registry.js'

/** One connection and what the server offers to it. */
export interface ImapConnectionOptions {
  /** The client. Sockets must be made with `allowHalfOpen`. */
  readonly stream: Duplex
  /** The client's address and port, as logs show them. */
  readonly remote: {readonly ip: string; readonly port: number}
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
  readonly tickets: TicketOffice
  /** The account's mail. A `Fault` refuses the session. */
  readonly openStore: (account: Account) => Promise<Mailstore>
  /** Name of the service for the authentication, `AUTHSERVICE<port>`. */
  readonly service?: string
  /** No login: the session belongs to this account (`* PREAUTH`). */
  readonly preauth?: Account | undefined
  /** Ends the session with BYE at the next chance. */
  readonly shutdown?: AbortSignal | undefined
  /** Lists the session from its login to its end. */
  readonly sessions?: SessionBook | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** The commands; all by default. */
  readonly verbs?: readonly AnyVerb[]
  /** For failed logins; tests have their own. */
  readonly time?: TimeSource
  /** From the connection to the login, milliseconds. */
  readonly loginMs?: number
}

/** What the encryption says for a login: fields of the verified client certificate, data for channel binding. */
export interface TlsFacts {
  readonly subject: ReadonlyMap<string, string>
  readonly bindings: ReadonlyMap<string, Buffer>
}

const NO_TLS: TlsFacts = {subject: new Map(), bindings: new Map()}

/** Protocol violations in a row that end a session. */
const MAX_VIOLATIONS = 10

/**
 * Serves one connection from the greeting to the end; resolves when it is closed, whatever happened.
 *
 * Never rejects: what goes wrong is logged and ends this session only.
 */
export async function serveImap(options: ImapConnectionOptions): Promise<void> {
  const {stream, deadlines, encrypted} = options
  const channel = new Channel(stream, {deadlines, encrypted})
  await new Connection(options, channel).serve()
}

class Connection {
  readonly #options: ImapConnectionOptions
  readonly #channel: Channel
  readonly #session: ImapSession
  readonly #verbs: ReadonlyMap<string, AnyVerb>
  readonly #now: () => number
  #stage: Stage
  #encrypted: boolean
  #tls = NO_TLS
  #violations = 0
  #beganMs: number
  /** The client said LOGOUT. */
  #loggedOut = false

  constructor(options: ImapConnectionOptions, channel: Channel) {
    const {settings, log, remote, now = Date.now, verbs = VERBS, authenticator, service = 'imap'} = options
    this.#options = options
    this.#channel = channel
    this.#encrypted = options.encrypted
    if (options.encrypted) this.#tls = options.tlsFacts?.(options.stream) ?? NO_TLS
    this.#verbs = verbsByName(verbs)
    this.#now = now
    this.#beganMs = now()
    const capability = (): string =>
      capabilityWords({
        settings,
        verbs,
        authenticated: this.#stage.kind === 'account',
        encrypted: this.#encrypted,
        canEncrypt: this.#canEncrypt,
        canBind: this.#tls.bindings.size > 0,
        hasIdentity: this.#identity !== undefined,
      })
    this.#session = new ImapSession({channel, settings, log, client: {...remote}, now, capability})
    const login = new ImapLoginDesk({
      session: this.#session,
      authenticator,
      service,
      encrypted: () => this.#encrypted,
      channel: () => this.#channelFacts(),
      canEncrypt: () => this.#canEncrypt,
      discardReceived: () => channel.discardReceived(),
      encrypt: () => this.#encrypt(),
      time: options.time,
    })
    this.#stage = {kind: 'login', login}
  }

  get #canEncrypt(): boolean {
    return this.#stage?.kind === 'login' && !this.#encrypted && this.#options.startTls !== undefined
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
      this.#options.log.debug('imap.tls-failed', {...this.#who, error})
      throw new Hangup('closed', 'The TLS handshake failed')
    }
    this.#encrypted = true
  }

  async serve(): Promise<void> {
    const {shutdown} = this.#options
    const stop = (): void => this.#channel.interrupt(new Hangup('shutdown'))
    shutdown?.addEventListener('abort', stop, {once: true})
    if (shutdown?.aborted) stop()
    try {
      let more = await this.#greet()
      while (more) more = await this.#turn()
      this.#logEnd(this.#loggedOut ? 'logout' : 'disconnected')
      await this.#channel.close()
    } catch (error) {
      await this.#end(error)
    } finally {
      shutdown?.removeEventListener('abort', stop)
      this.#release()
      this.#channel.destroy(new Hangup('closed'))
    }
  }

  /** Begins; false when the account may not use IMAP. */
  async #greet(): Promise<boolean> {
    const {log, preauth, loginMs = TIMES.loginMs, deadlines} = this.#options
    log.debug('imap.connection', {...this.#who})
    if (preauth) return this.#enter(preauth, '* PREAUTH Ready.')
    // Whatever the client does, the login has to be done in time; then the connection ends without a word, as Courier's does.
    const deadline = deadlines.create(() => this.#channel.destroy(new Hangup('idle')))
    deadline.set(loginMs)
    this.#endLoginTime = () => deadline.clear()
    this.#session.out.line(`* OK [CAPABILITY ${this.#session.capability()}] Courier-IMAP ready.`)
    await this.#session.out.flush()
    return true
  }

  #endLoginTime = (): void => {}

  /** One command; false when it was the last. */
  async #turn(): Promise<boolean> {
    const session = this.#session
    const command = await readCommand({
      channel: this.#channel,
      find: findVerb(this.#verbs, this.#stage, session),
      cursor: {utf8: session.utf8, keywords: session.settings.keywords},
      authenticated: this.#stage.kind === 'account',
      invite: async () => {
        session.out.line('+ OK')
        await session.out.flush()
      },
    })
    if (!command) return false
    session.command = 'verb' in command ? command.verb.name : undefined
    const more = await this.#answer(command.tag, await dispatch(command, this.#stage, session))
    session.command = undefined
    return more
  }

  /** Sends the tagged line; false when nothing comes after it. */
  async #answer(tag: string, outcome: Outcome): Promise<boolean> {
    if (outcome.status === 'HANDOVER') return this.#redeem(outcome, tag)
    if (outcome.status === 'BYE') {
      await this.#sayBye(outcome)
      return false
    }
    this.#violations = outcome.status === 'BAD' ? this.#violations + 1 : 0
    if (this.#violations >= MAX_VIOLATIONS) {
      await this.#sayBye(bye('Fatal error: TOO MANY CONSECUTIVE PROTOCOL VIOLATIONS: ', 'ALERT'))
      return false
    }
    this.#session.out.line(formatReply(tag, outcome))
    await this.#session.out.flush()
    if (outcome.afterwards === 'close') {
      this.#loggedOut = true
      return false
    }
    await outcome.afterwards?.()
    return true
  }

  async #redeem({ticket, beganMs}: Handover, tag: string): Promise<boolean> {
    const account = await this.#options.tickets.redeem(ticket)
    if (!account) {
      await this.#sayBye(bye('Temporary problem, please try again later', 'UNAVAILABLE'))
      return false
    }
    // Told like a wrong password at its time: a login that may not be used.
    if (this.#refusal(account) !== undefined && this.#stage.kind === 'login') await this.#stage.login.untilAnswer(beganMs)
    return this.#enter(account, `${tag} OK LOGIN Ok.`)
  }

  /** Opens the account's mail and greets; false when the account may not use IMAP. */
  async #enter(account: Account, greeting: string): Promise<boolean> {
    const {openStore, log, remote, sessions} = this.#options
    this.#endLoginTime()
    this.#beganMs = this.#now()
    this.#session.beganMs = this.#beganMs
    this.#violations = 0
    this.#channel.received = this.#channel.unread
    this.#channel.sent = 0
    const store = await this.#open(openStore, account)
    this.#session.client = {...remote, user: account.name}
    this.#stage = {kind: 'account', account, store}
    this.#session.out.line(greeting)
    await this.#session.out.flush()
    const refusal = this.#refusal(account)
    // Courier: says OK first, then BYE.
    if (refusal !== undefined) {
      await this.#sayBye(bye(refusal))
      return false
    }
    log.info('imap.login', {...this.#who, protocol: 'IMAP', tls: this.#encrypted})
    sessions?.join(this.#session)
    return true
  }

  async #open(openStore: ImapConnectionOptions['openStore'], account: Account): Promise<Mailstore> {
    try {
      return await openStore(account)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#options.log.error('imap.maildir-refused', {...this.#who, user: account.name, path: account.maildir, error})
      await this.#sayBye(bye(repeated(error.message), 'ALERT'))
      throw new Hangup('closed', error.message)
    }
  }

  /** Why this account must not use IMAP on this connection (`spec/imap.md` §1.2, step 15). */
  #refusal({options}: Account): string | undefined {
    if (optionIsOn(options, 'disableimap')) return 'IMAP access disabled for this account.'
    if (optionIsOn(options, 'disableinsecureimap') && !this.#encrypted) return 'IMAP access disabled via insecure connection.'
    return undefined
  }

  async #sayBye(farewell: Farewell): Promise<void> {
    this.#session.out.line(formatReply('*', farewell))
    await this.#session.out.flush()
  }

  /** The session ends without its client asking for it. */
  async #end(error: unknown): Promise<void> {
    const reason = error instanceof Hangup ? error.reason : 'bug'
    if (reason === 'bug') this.#options.log.error('imap.bug', {...this.#who, error})
    try {
      if (!this.#channel.signal.aborted) await this.#lastWords(reason)
    } catch {
      // The client is gone.
    }
    this.#logEnd(END_OF[reason])
    await this.#channel.close()
  }

  async #lastWords(reason: Hangup['reason'] | 'bug'): Promise<void> {
    if (!this.#session.out.atLineStart) return
    if (reason === 'idle') await this.#sayBye(bye('Disconnected for inactivity.'))
    else if (reason === 'shutdown') await this.#sayBye(bye('Courier-IMAP server shut down by signal.'))
    else if (reason === 'limit') await this.#sayBye(bye('Fatal error: More input than is read for a command', 'ALERT'))
    else if (reason === 'kicked') await this.#sayBye(bye('Disconnected by the administrator.'))
    else if (reason === 'mailbox-gone') await this.#sayBye(bye('The selected mailbox was deleted, renamed or replaced.', 'ALERT'))
    else if (reason === 'bug') await this.#sayBye(BUG_FAREWELL)
  }

  get #who(): {readonly ip: string; readonly port: number; readonly user?: string} {
    return this.#session.client
  }

  /** Courier's last line of a session (`spec/imap.md` §22). */
  #logEnd(how: 'logout' | 'disconnected' | 'timeout' | 'shutdown'): void {
    const {log} = this.#options
    const facts: LogFacts = {
      ...this.#who,
      ...(this.#stage.kind === 'account' ? {headers: this.#session.counters.headers, body: this.#session.counters.body} : {}),
      rcvd: this.#channel.received,
      sent: this.#channel.sent,
      seconds: Math.floor((this.#now() - this.#beganMs) / 1000),
      tls: this.#encrypted,
    }
    if (how === 'shutdown') log.notice('imap.shutdown', facts)
    else if (how === 'disconnected' && this.#stage.kind === 'login') log.debug('imap.disconnected', facts)
    else log.info(`imap.${how}`, facts)
  }

  #release(): void {
    this.#endLoginTime()
    this.#options.sessions?.leave(this.#session)
    this.#session.select(undefined)
    if (this.#stage.kind === 'account') this.#stage.store.release()
  }
}

const END_OF = {
  closed: 'disconnected',
  stalled: 'disconnected',
  limit: 'disconnected',
  'mailbox-gone': 'disconnected',
  kicked: 'disconnected',
  bug: 'disconnected',
  idle: 'timeout',
  shutdown: 'shutdown',
} as const
