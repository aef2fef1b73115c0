import type {Account} from '../auth/account.js'
import type {Mailstore} from '../maildir/types.js'
import {BadSyntax, Hangup} from '../support/fault.js'
import type {BrokenCommand, Command} from './command-reader.js'
import {badSyntax, replyForError} from './faults.js'
import type {ImapSession} from './imap-session.js'
import type {LoginDesk} from './login.js'
import {bye, type Farewell, type Outcome} from './replies/tagged.js'
import {writeUpdates} from './updates.js'
import type {AnyVerb, ContextOf, VerbForm, VerbState} from './verb.js'

/** What a session has, by how far it has come. */
export type Stage =
  | {readonly kind: 'login'; readonly login: LoginDesk}
  | {readonly kind: 'account'; readonly account: Account; readonly store: Mailstore}

function stateSuits(state: VerbState, stage: Stage, session: ImapSession): boolean {
  if (state === 'any') return true
  if (state === 'not-authenticated') return stage.kind === 'login'
  return stage.kind === 'account' && (state === 'authenticated' || session.view !== undefined)
}

/** What a name means in this state. @throws {BadSyntax} nothing, or not now */
export function findVerb(verbs: readonly AnyVerb[], stage: Stage, session: ImapSession) {
  return (name: string, {uid}: VerbForm): AnyVerb => {
    const verb = verbs.find((each) => each.name === name)
    if (!verb || (uid && !verb.takesUid)) throw new BadSyntax('Unknown command')
    if (!stateSuits(verb.state, stage, session)) throw new BadSyntax(`${verb.name} is not possible in this state`)
    return verb
  }
}

function contextFor(stage: Stage, session: ImapSession): ContextOf[VerbState] {
  if (stage.kind === 'login') return {session, login: stage.login}
  const {account, store} = stage
  return session.view ? {session, account, store, view: session.view} : {session, account, store}
}

/**
 * Runs a command: writes its untagged replies and the updates of the selected mailbox, gives what the tagged line says.
 *
 * @throws {Hangup}
 * @throws what was not expected: a bug
 */
export async function dispatch(command: Command | BrokenCommand, stage: Stage, session: ImapSession): Promise<Outcome> {
  if ('error' in command) return badSyntax(command.error)
  const {verb, form, incoming, args} = command
  let outcome: Outcome
  // One frame only: a session may wait here for hours.
  try {
    outcome = await verb.run(contextFor(stage, session), args)
  } catch (error) {
    outcome = outcomeOf(error, session)
  }
  // What the client sends of the command in any case is out of the way before it reads that it failed.
  await incoming?.discard()
  if (session.view) await writeUpdates(session, session.view, {expunges: form.uid || !verb.holdsNumbers})
  return outcome
}

/** What a command answers that threw this; what is not expected is thrown on. */
function outcomeOf(error: unknown, session: ImapSession): Outcome {
  const reply = error instanceof Hangup ? undefined : replyForError(error)
  // In the middle of a line nothing can be answered any more.
  if (!reply || !session.out.atLineStart) throw error
  return reply
}

/** What a session says last when a bug ended it. */
export const BUG_FAREWELL: Farewell = bye('Internal server error, the session ends', 'SERVERBUG')
