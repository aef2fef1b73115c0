/** An IMAP session from its login to its end: what the mail role serves. */
import type {Account} from '../auth/account.js'
import {FailureClock, REAL_TIME, type TimeSource} from '../auth/failure-clock.js'
import {optionIsOn} from '../auth/options.js'
import type {Log} from '../log/log.js'
import type {Mailstore} from '../maildir/types.js'
import {Fault, Hangup} from '../support/fault.js'
import type {Place} from '../support/linked-list.js'
import type {Channel} from '../wire/channel.js'
import type {ConnectionEnd} from '../wire/hand-over.js'
import type {SessionBook} from '../wire/live-session.js'
import type {StopSignal} from '../wire/stop-signal.js'
import {Capabilities} from './capability.js'
import {breakOff, converse, type Ending, logEnd, sayBye} from './conversation.js'
import {ImapSession} from './imap-session.js'
import {bye, repeated} from './replies/tagged.js'
import type {ImapSettings} from './settings.js'
import type {AnyVerb} from './verb.js'
import {VERBS} from './verbs/registry.js'

/** One session and what the server offers to it. */
export interface ImapSessionOptions {
  /** The client's connection. */
  readonly channel: Channel
  /** The client's address and port, as logs show them. */
  readonly remote: ConnectionEnd
  /** The client's connection is encrypted. */
  readonly encrypted: boolean
  /** Whose session it is; undefined when the claim on the account is void. */
  readonly account: Account | undefined
  /** The answer to the login: a tag; undefined: there was none (`* PREAUTH`). */
  readonly tag: string | undefined
  /** Since the command of the login began, milliseconds. */
  readonly elapsedMs?: number
  /** The account's mail. A `Fault` refuses the session. */
  readonly openStore: (account: Account) => Promise<Mailstore>
  readonly settings: ImapSettings
  readonly log: Log
  /** Ends the session with BYE at the next chance. */
  readonly shutdown?: StopSignal | undefined
  /** Lists the session while it lives. */
  readonly book?: SessionBook | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** The commands; all by default. */
  readonly verbs?: readonly AnyVerb[]
  /** What the server can do; made of settings and commands when it is not given. */
  readonly capabilities?: Capabilities
  /** For refused logins; tests have their own. */
  readonly time?: TimeSource
}

/**
 * Serves a session from the answer to its login to the end; resolves when the connection is closed, whatever happened.
 *
 * Never rejects: what goes wrong is logged and ends this session only.
 */
export function serveImapSession(options: ImapSessionOptions): Promise<void> {
  return new AccountSession(options).serve()
}

/** Its functions wait once each, or end before the conversation begins: a session keeps what waits for as long as it lasts. */
class AccountSession {
  readonly #options: ImapSessionOptions
  readonly #session: ImapSession
  readonly #beganMs: number
  #stopping: Place | undefined
  #listed: Place | undefined
  #store: Mailstore | undefined

  constructor(options: ImapSessionOptions) {
    const {channel, settings, log, remote, encrypted, now = Date.now, verbs = VERBS} = options
    const {capabilities = new Capabilities(settings, verbs)} = options
    this.#options = options
    channel.countAnew()
    const capability = () =>
      capabilities.words({authenticated: true, encrypted, canEncrypt: false, canBind: () => false, hasIdentity: false})
    this.#session = new ImapSession({channel, settings, log, client: remote, now, capability})
    this.#beganMs = now()
  }

  serve(): Promise<void> {
    const {channel, shutdown} = this.#options
    this.#stopping = shutdown?.add(() => channel.interrupt(new Hangup('shutdown')))
    return this.#begin()
      .catch((error: unknown) => this.#breakOff(error))
      .then((ending) => this.#end(ending))
  }

  /** Answers when the client has ended the session. @throws {Fault} the account's mail cannot be opened */
  async #begin(): Promise<Ending> {
    const {account, encrypted, openStore} = this.#options
    if (!account || refusalOf(account, encrypted) !== undefined) return this.#turnAway()
    const store = await openStore(account)
    this.#store = store
    const greeted = this.#greet(account)
    if (greeted !== undefined) await greeted
    return this.#converse(account, store)
  }

  async #converse(account: Account, store: Mailstore): Promise<Ending> {
    const {channel, remote, encrypted, log, book, verbs = VERBS} = this.#options
    const session = this.#session
    log.info('imap.login', {ip: remote.ip, port: remote.port, user: account.name, protocol: 'IMAP', tls: encrypted})
    this.#listed = book?.join(session)
    const outgoing = await converse({channel, session, stage: {kind: 'account', account, store}, verbs})
    if (typeof outgoing === 'object') throw new Error('A login within a session')
    return outgoing
  }

  /** Tells a client that it may not have the account's mail. @throws {Hangup} */
  async #turnAway(): Promise<Ending> {
    const {account, tag, encrypted} = this.#options
    const session = this.#session
    if (account) {
      // Told like a wrong password at its time: a login that may not be used.
      if (tag !== undefined) await this.#untilAnswer()
      // Courier: says OK first, then BYE; its look at the Maildir, which such an account need not have, comes before both.
      await this.#greet(account)
      await sayBye(session, bye(refusalOf(account, encrypted) ?? ''))
    } else await sayBye(session, bye('Temporary problem, please try again later', 'UNAVAILABLE'))
    return 'disconnected'
  }

  /** Answers the login. undefined: nothing has to be waited for. @throws {Hangup} */
  #greet(account: Account): Promise<void> | undefined {
    const {tag, remote} = this.#options
    const session = this.#session
    session.client = {ip: remote.ip, port: remote.port, user: account.name}
    session.out.line(tag === undefined ? '* PREAUTH Ready.' : `${tag} OK LOGIN Ok.`)
    return session.out.flush()
  }

  /** After what did not end as it should. Never rejects. */
  async #breakOff(error: unknown): Promise<Ending> {
    const {channel, account} = this.#options
    const session = this.#session
    const isRefusal = account && !this.#store && error instanceof Fault
    this.#giveBack()
    if (!isRefusal) return breakOff(error, {channel, session})
    try {
      return await this.#tellFault(error, account)
    } catch (hangup) {
      return breakOff(hangup, {channel, session})
    }
  }

  /** The account's mail cannot be opened. @throws {Hangup} */
  async #tellFault(error: Fault, account: Account): Promise<Ending> {
    const {log} = this.#options
    const session = this.#session
    log.error('imap.maildir-refused', {...session.client, user: account.name, path: account.maildir, error})
    await sayBye(session, bye(repeated(error.message), 'ALERT'))
    return 'disconnected'
  }

  /** Nobody needs the mail any more. */
  #giveBack(): void {
    const store = this.#store
    this.#store = undefined
    this.#listed?.leave()
    this.#session.select(undefined)
    store?.release()
  }

  async #end(ending: Ending): Promise<void> {
    const {channel, encrypted} = this.#options
    try {
      this.#giveBack()
      logEnd(ending, {session: this.#session, channel, beganMs: this.#beganMs, encrypted})
      await channel.close()
    } finally {
      this.#stopping?.leave()
      channel.end()
    }
  }

  async #untilAnswer(): Promise<void> {
    const {channel, settings, elapsedMs = 0, time = REAL_TIME} = this.#options
    try {
      await new FailureClock({periodMs: settings.failedLoginMs, time}).wait(time.now() - elapsedMs, channel.signal)
    } catch {
      throw new Hangup('closed')
    }
  }
}

/** Why this account must not use IMAP on this connection (`spec/imap.md` §1.2, step 15). */
function refusalOf({options}: Account, encrypted: boolean): string | undefined {
  if (optionIsOn(options, 'disableimap')) return 'IMAP access disabled for this account.'
  if (optionIsOn(options, 'disableinsecureimap') && !encrypted) return 'IMAP access disabled via insecure connection.'
  return undefined
}
