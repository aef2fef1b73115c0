/** An IMAP session from its login to its end: what the mail role serves. */
import type {Duplex} from 'node:stream'
import type {Account} from '../auth/account.js'
import {FailureClock, REAL_TIME, type TimeSource} from '../auth/failure-clock.js'
import {optionIsOn} from '../auth/options.js'
import type {Log} from '../log/log.js'
import type {Mailstore} from '../maildir/types.js'
import {Fault, Hangup} from '../support/fault.js'
import {Channel} from '../wire/channel.js'
import type {DeadlineSource} from '../wire/deadlines.js'
import type {ConnectionEnd} from '../wire/hand-over.js'
import type {SessionBook} from '../wire/live-session.js'
import type {StopSignal} from '../wire/stop-signal.js'
import {Capabilities} from './capability.js'
import {breakOff, converse, logEnd, type Outgoing, sayBye} from './conversation.js'
import {ImapSession} from './imap-session.js'
import {bye, repeated} from './replies/tagged.js'
import type {ImapSettings} from './settings.js'
import type {AnyVerb} from './verb.js'
import {VERBS} from './verbs/registry.js'

/** One session and what the server offers to it. */
export interface ImapSessionOptions {
  /** The client. Sockets must be made with `allowHalfOpen`. */
  readonly stream: Duplex
  /** The client's address and port, as logs show them. */
  readonly remote: ConnectionEnd
  /** The client's connection is encrypted. */
  readonly encrypted: boolean
  /** What the client has sent and nobody has read. */
  readonly unread?: Buffer
  /** Whose session it is; undefined when the claim on the account is void. */
  readonly account: Account | undefined
  /** The answer to the login: a tag; undefined: there was none (`* PREAUTH`). */
  readonly tag: string | undefined
  /** Since the command of the login began, milliseconds. */
  readonly elapsedMs?: number
  /** The account's mail. A `Fault` refuses the session. */
  readonly openStore: (account: Account) => Promise<Mailstore>
  readonly settings: ImapSettings
  readonly deadlines: DeadlineSource
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
export async function serveImapSession(options: ImapSessionOptions): Promise<void> {
  const {stream, remote, deadlines, encrypted, unread, shutdown, now = Date.now} = options
  const channel = new Channel(stream, {deadlines, encrypted, unread})
  const session = sessionOn(channel, options)
  const beganMs = now()
  const stop = (): void => channel.interrupt(new Hangup('shutdown'))
  shutdown?.add(stop)
  const {account, log, book, verbs = VERBS} = options
  let store: Mailstore | undefined
  let ending: Outgoing = 'disconnected'
  // Not in functions of their own: each that waits costs half a KiB, for as long as the session lasts.
  try {
    try {
      store = await admit(options, {channel, session})
      if (account && store) {
        await greet(options, {account, session})
        log.info('imap.login', {ip: remote.ip, port: remote.port, user: account.name, protocol: 'IMAP', tls: encrypted})
        book?.join(session)
        ending = await converse({channel, session, stage: {kind: 'account', account, store}, verbs})
        if (typeof ending === 'object') throw new Error('A login within a session')
      }
    } finally {
      if (store) book?.leave(session)
      session.select(undefined)
      store?.release()
    }
  } catch (error) {
    ending = await breakOff(error, {channel, session})
  }
  try {
    logEnd(ending, {session, channel, beganMs, encrypted})
    await channel.close()
  } finally {
    shutdown?.remove(stop)
    channel.end()
  }
}

function sessionOn(channel: Channel, options: ImapSessionOptions): ImapSession {
  const {settings, log, remote, encrypted, now = Date.now, verbs = VERBS, capabilities = new Capabilities(settings, verbs)} = options
  const capability = () => capabilities.words({authenticated: true, encrypted, canEncrypt: false, canBind: () => false, hasIdentity: false})
  return new ImapSession({channel, settings, log, client: remote, now, capability})
}

/** The account's mail; undefined: the client may not have it, and has been told. @throws {Hangup} */
async function admit(
  options: ImapSessionOptions,
  {channel, session}: {readonly channel: Channel; readonly session: ImapSession},
): Promise<Mailstore | undefined> {
  const {account, tag, encrypted} = options
  if (!account) {
    await sayBye(session, bye('Temporary problem, please try again later', 'UNAVAILABLE'))
    return undefined
  }
  const refusal = refusalOf(account, encrypted)
  if (refusal === undefined) return open(options, {account, session})
  // Told like a wrong password at its time: a login that may not be used.
  if (tag !== undefined) await untilAnswer(options, channel.signal)
  // Courier: says OK first, then BYE; its look at the Maildir, which such an account need not have, comes before both.
  await greet(options, {account, session})
  await sayBye(session, bye(refusal))
  return undefined
}

/** Answers the login. @throws {Hangup} */
function greet(
  {tag, remote}: ImapSessionOptions,
  {account, session}: {readonly account: Account; readonly session: ImapSession},
): Promise<void> {
  session.client = {ip: remote.ip, port: remote.port, user: account.name}
  session.out.line(tag === undefined ? '* PREAUTH Ready.' : `${tag} OK LOGIN Ok.`)
  return session.out.flush()
}

/** The account's mail; when it is refused, the client has been told and the answer is undefined. */
async function open(
  {openStore, log}: ImapSessionOptions,
  {account, session}: {readonly account: Account; readonly session: ImapSession},
): Promise<Mailstore | undefined> {
  try {
    return await openStore(account)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    log.error('imap.maildir-refused', {...session.client, user: account.name, path: account.maildir, error})
    await sayBye(session, bye(repeated(error.message), 'ALERT'))
    return undefined
  }
}

/** Why this account must not use IMAP on this connection (`spec/imap.md` §1.2, step 15). */
function refusalOf({options}: Account, encrypted: boolean): string | undefined {
  if (optionIsOn(options, 'disableimap')) return 'IMAP access disabled for this account.'
  if (optionIsOn(options, 'disableinsecureimap') && !encrypted) return 'IMAP access disabled via insecure connection.'
  return undefined
}

async function untilAnswer({settings, elapsedMs = 0, time = REAL_TIME}: ImapSessionOptions, signal: AbortSignal): Promise<void> {
  try {
    await new FailureClock({periodMs: settings.failedLoginMs, time}).wait(time.now() - elapsedMs, signal)
  } catch {
    throw new Hangup('closed')
  }
}
