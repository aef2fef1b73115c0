/** What a connection does before the login and after it alike: one command after the other, and a proper end. */
import type {LogFacts} from '../log/log.js'
import {Hangup} from '../support/fault.js'
import type {Channel} from '../wire/channel.js'
import {firstLine, readCommand} from './command-reader.js'
import {BUG_FAREWELL, begin, findVerb, finish, outcomeOf, type Stage} from './dispatcher.js'
import type {ImapSession} from './imap-session.js'
import {bye, type Farewell, formatReply, type Handover, type Outcome} from './replies/tagged.js'
import type {AnyVerb} from './verb.js'

export interface ConversationOptions {
  readonly channel: Channel
  readonly session: ImapSession
  readonly stage: Stage
  readonly verbs: readonly AnyVerb[]
}

/** How a connection ended, in words of Courier's log. */
export type Ending = 'logout' | 'disconnected' | 'timeout' | 'shutdown'
/** A successful login and the tag of its command. */
export type Admission = Handover & {readonly tag: string}
/** How the commands ended. */
export type Outgoing = Ending | Admission

/** Protocol violations in a row that end a session. */
const MAX_VIOLATIONS = 10

/**
 * Serves commands until the client has said the last one, or a login was successful.
 *
 * @throws {Hangup}
 * @throws what was not expected: a bug
 */
export async function converse({channel, session, stage, verbs}: ConversationOptions): Promise<Outgoing> {
  const {out} = session
  const invite = async () => {
    out.line('+ OK')
    await out.flush()
  }
  const reading = {
    channel,
    find: findVerb(verbs, stage, session),
    cursor: () => ({utf8: session.utf8, keywords: session.settings.keywords}),
    authenticated: stage.kind === 'account',
    invite,
  }
  let violations = 0
  // What is there at once is not waited for: this function would be left and entered again each time.
  for (;;) {
    const line = await firstLine(reading)
    if (!line) return 'disconnected'
    const read = readCommand(line, reading)
    const command = read instanceof Promise ? await read : read
    session.command = 'verb' in command ? command.verb.name : undefined
    let outcome: Outcome
    // Not in a function of its own: a session may wait here for hours.
    try {
      const begun = begin(command, stage, session)
      outcome = begun instanceof Promise ? await begun : begun
    } catch (error) {
      outcome = outcomeOf(error, session)
    }
    const finishing = 'verb' in command ? finish(command, session) : undefined
    if (finishing !== undefined) await finishing
    if (outcome.status === 'HANDOVER') {
      const {status, ticket, beganMs} = outcome
      return {tag: command.tag, status, ticket, beganMs}
    }
    if (outcome.status === 'BYE') {
      await sayBye(session, outcome)
      return 'disconnected'
    }
    violations = outcome.status === 'BAD' ? violations + 1 : 0
    if (violations >= MAX_VIOLATIONS) {
      await sayBye(session, bye('Fatal error: TOO MANY CONSECUTIVE PROTOCOL VIOLATIONS: ', 'ALERT'))
      return 'disconnected'
    }
    out.line(formatReply(command.tag, outcome))
    const written = out.flush()
    if (written !== undefined) await written
    if (outcome.afterwards === 'close') return 'logout'
    if (outcome.afterwards) await outcome.afterwards()
    session.command = undefined
  }
}

export async function sayBye({out}: ImapSession, farewell: Farewell): Promise<void> {
  out.line(formatReply('*', farewell))
  await out.flush()
}

/** Ends what its client did not end: says why, if that can still be said. */
export async function breakOff(error: unknown, {channel, session}: Pick<ConversationOptions, 'channel' | 'session'>): Promise<Ending> {
  const reason = error instanceof Hangup ? error.reason : 'bug'
  if (reason === 'bug') session.log.error('imap.bug', {...session.client, error})
  try {
    if (!channel.isGone && session.out.atLineStart) await lastWords(session, reason)
  } catch {
    // The client is gone.
  }
  return reason === 'idle' ? 'timeout' : reason === 'shutdown' ? 'shutdown' : 'disconnected'
}

async function lastWords(session: ImapSession, reason: Hangup['reason'] | 'bug'): Promise<void> {
  if (reason === 'idle') await sayBye(session, bye('Disconnected for inactivity.'))
  else if (reason === 'shutdown') await sayBye(session, bye('Courier-IMAP server shut down by signal.'))
  else if (reason === 'limit') await sayBye(session, bye('Fatal error: More input than is read for a command', 'ALERT'))
  else if (reason === 'kicked') await sayBye(session, bye('Disconnected by the administrator.'))
  else if (reason === 'mailbox-gone') await sayBye(session, bye('The selected mailbox was deleted, renamed or replaced.', 'ALERT'))
  else if (reason === 'bug') await sayBye(session, BUG_FAREWELL)
}

export interface EndFacts {
  readonly session: ImapSession
  readonly channel: Channel
  /** When what is counted began, milliseconds since 1970. */
  readonly beganMs: number
  readonly encrypted: boolean
}

/** Courier's last line of a connection (`spec/imap.md` §22). */
export function logEnd(how: Ending, {session, channel, beganMs, encrypted}: EndFacts): void {
  const {log, client, counters} = session
  const seconds = Math.floor((session.now() - beganMs) / 1000)
  const {ip, port, user} = client
  const {received: rcvd, sent} = channel
  const {headers, body} = counters
  const facts: LogFacts =
    user === undefined
      ? {ip, port, rcvd, sent, seconds, tls: encrypted}
      : {ip, port, user, headers, body, rcvd, sent, seconds, tls: encrypted}
  if (how === 'shutdown') log.notice('imap.shutdown', facts)
  else if (how === 'disconnected' && user === undefined) log.debug('imap.disconnected', facts)
  else log.info(`imap.${how}`, facts)
}
