/** What a connection does before the login and after it alike: one command after the other, and a proper end. */
import type {LogFacts} from '../log/log.js'
import {Hangup} from '../support/fault.js'
import type {Channel, Line} from '../wire/channel.js'
import {type BrokenCommand, type Command, type CommandReaderOptions, firstLine, readCommand} from './command-reader.js'
import {BUG_FAREWELL, begin, findVerb, finish, outcomeOf, type Stage} from './dispatcher.js'
import type {ImapSession} from './imap-session.js'
import {bye, type Farewell, formatReply, type Handover, type Outcome, type Reply} from './replies/tagged.js'
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
export async function converse(options: ConversationOptions): Promise<Outgoing> {
  const conversation = new Conversation(options)
  for (;;) {
    const line = await firstLine(conversation.reading)
    if (!line) return 'disconnected'
    const answered = conversation.answer(line)
    const outgoing = answered instanceof Promise ? await answered : answered
    if (outgoing !== undefined) return outgoing
  }
}

/** How the commands end; undefined: there may be another one. */
type Step = Outgoing | undefined

/** One command at a time. What is there at once is not waited for: most commands are read, run and answered in one go. */
class Conversation {
  readonly reading: CommandReaderOptions
  readonly #options: ConversationOptions
  /** Protocol violations since the last command that was none. */
  #violations = 0

  constructor(options: ConversationOptions) {
    const {channel, session, stage, verbs} = options
    this.#options = options
    this.reading = {
      channel,
      find: findVerb(verbs, stage, session),
      cursor: () => ({utf8: session.utf8, keywords: session.settings.keywords}),
      authenticated: stage.kind === 'account',
      invite: async () => {
        session.out.line('+ OK')
        await session.out.flush()
      },
    }
  }

  /** Reads the command that begins with this line, runs it and tells how it ended. */
  answer(line: Line): Step | Promise<Step> {
    const command = readCommand(line, this.reading)
    return command instanceof Promise ? command.then((read) => this.#run(read)) : this.#run(command)
  }

  #run(command: Command | BrokenCommand): Step | Promise<Step> {
    const {session, stage} = this.#options
    session.command = 'verb' in command ? command.verb.name : undefined
    let begun: Outcome | Promise<Outcome>
    try {
      begun = begin(command, stage, session)
    } catch (error) {
      begun = outcomeOf(error, session)
    }
    if (!(begun instanceof Promise)) return this.#finish(command, begun)
    // No function that waits: a session may be here for hours.
    return begun.catch((error: unknown) => outcomeOf(error, session)).then((outcome) => this.#finish(command, outcome))
  }

  #finish(command: Command | BrokenCommand, outcome: Outcome): Step | Promise<Step> {
    const finishing = 'verb' in command ? finish(command, this.#options.session) : undefined
    return finishing === undefined ? this.#reply(command.tag, outcome) : finishing.then(() => this.#reply(command.tag, outcome))
  }

  #reply(tag: string, outcome: Outcome): Step | Promise<Step> {
    if (outcome.status === 'HANDOVER') {
      const {status, ticket, beganMs} = outcome
      return {tag, status, ticket, beganMs}
    }
    if (outcome.status === 'BYE') return this.#leave(outcome)
    this.#violations = outcome.status === 'BAD' ? this.#violations + 1 : 0
    if (this.#violations >= MAX_VIOLATIONS) return this.#leave(bye('Fatal error: TOO MANY CONSECUTIVE PROTOCOL VIOLATIONS: ', 'ALERT'))
    const {session} = this.#options
    session.out.line(formatReply(tag, outcome))
    const written = session.out.flush()
    return written === undefined ? this.#goOn(outcome) : written.then(() => this.#goOn(outcome))
  }

  #goOn({afterwards}: Reply): Step | Promise<Step> {
    if (afterwards === 'close') return 'logout'
    const {session} = this.#options
    if (!afterwards) {
      session.command = undefined
      return undefined
    }
    return afterwards().then(() => {
      session.command = undefined
      return undefined
    })
  }

  async #leave(farewell: Farewell): Promise<Step> {
    await sayBye(this.#options.session, farewell)
    return 'disconnected'
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
