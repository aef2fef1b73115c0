/** An IMAP session from its login to its end: what the mail role serves. */
import type {Account} from '../auth/account.js'
import {FailureClock, REAL_TIME, type TimeSource} from '../auth/failure-clock.js'
import {optionIsOn} from '../auth/options.js'
import type {Log} from '../log/log.js'
import type {Mailstore} from '../maildir/types.js'
import {Fault, Hangup} from '../support/fault.js'
import type {Channel} from '../wire/channel.js'
import type {ConnectionEnd} from '../wire/hand-over.js'
import type {SessionBook} from '../wire/live-session.js'
import type {StopSignal} from '../wire/stop-signal.js'
import {Capabilities} from './capability.js'
import {breakOff, converse, type Ending, logEnd, type Outgoing, sayBye} from './conversation.js'
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
export async function serveImapSession(options: ImapSessionOptions): Promise<void> {
  const {channel, remote, encrypted, shutdown, account, log, book, openStore, now = Date.now, verbs = VERBS} = options
  channel.countAnew()
  const session = sessionOn(options)
  const beganMs = now()
  const stop = (): void => channel.interrupt(new Hangup('shutdown'))
  shutdown?.add(stop)
  let store: Mailstore | undefined
  let ending: Outgoing = 'disconnected'
  // Not in functions of their own: each that waits costs half a KiB, for as long as the session lasts.
  try {
    try {
      if (account && refusalOf(account, encrypted) === undefined) {
        store = await openStore(account)
        const greeted = greet(options, {account, session})
        if (greeted !== undefined) await greeted
        log.info('imap.login', {ip: remote.ip, port: remote.port, user: account.name, protocol: 'IMAP', tls: encrypted})
        book?.join(session)
        ending = await converse({channel, session, stage: {kind: 'account', account, store}, verbs})
        if (typeof ending === 'object') throw new Error('A login within a session')
      } else await turnAway(options, session)
    } finally {
      if (store) book?.leave(session)
      session.select(undefined)
      store?.release()
    }
  } catch (error) {
    ending = await (error instanceof Fault && account && !store
      ? tellFault(error, options, {account, session})
      : breakOff(error, {channel, session}))
  }
  try {
    logEnd(ending, {session, channel, beganMs, encrypted})
    await channel.close()
  } finally {
    shutdown?.remove(stop)
    channel.end()
  }
}

function sessionOn(options: ImapSessionOptions): ImapSession {
  const {
    channel,
    settings,
    log,
    remote,
    encrypted,
    now = Date.now,
    verbs = VERBS,
    capabilities = new Capabilities(settings, verbs),
  } = options
  const capability = () => capabilities.words({authenticated: true, encrypted, canEncrypt: false, canBind: () => false, hasIdentity: false})
  return new ImapSession({channel, settings, log, client: remote, now, capability})
}

/** Tells a client that it may not have the account's mail. @throws {Hangup} */
async function turnAway(options: ImapSessionOptions, session: ImapSession): Promise<void> {
  const {channel, account, tag, encrypted} = options
  if (!account) return sayBye(session, bye('Temporary problem, please try again later', 'UNAVAILABLE'))
  // Told like a wrong password at its time: a login that may not be used.
  if (tag !== undefined) await untilAnswer(options, channel.signal)
  // Courier: says OK first, then BYE; its look at the Maildir, which such an account need not have, comes before both.
  await greet(options, {account, session})
  await sayBye(session, bye(refusalOf(account, encrypted) ?? ''))
}

/** Answers the login. undefined: nothing has to be waited for. @throws {Hangup} */
function greet(
  {tag, remote}: ImapSessionOptions,
  {account, session}: {readonly account: Account; readonly session: ImapSession},
): Promise<void> | undefined {
  session.client = {ip: remote.ip, port: remote.port, user: account.name}
  session.out.line(tag === undefined ? '* PREAUTH Ready.' : `${tag} OK LOGIN Ok.`)
  return session.out.flush()
}

/** The account's mail cannot be opened. */
async function tellFault(
  error: Fault,
  {channel, log}: ImapSessionOptions,
  {account, session}: {readonly account: Account; readonly session: ImapSession},
): Promise<Ending> {
  log.error('imap.maildir-refused', {...session.client, user: account.name, path: account.maildir, error})
  try {
    await sayBye(session, bye(repeated(error.message), 'ALERT'))
    return 'disconnected'
  } catch (hangup) {
    return breakOff(hangup, {channel, session})
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
