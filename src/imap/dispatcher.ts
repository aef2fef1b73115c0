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
 * Begins to run a command; answers with what its tagged line says. What it throws goes through `outcomeOf`, and `finish` follows in
 * any case.
 *
 * @throws {Hangup}
 * @throws what was not expected: a bug
 */
export function begin(command: Command | BrokenCommand, stage: Stage, session: ImapSession): Outcome | Promise<Outcome> {
  return 'error' in command ? badSyntax(command.error) : command.verb.run(contextFor(stage, session), command.args)
}

/** What a command answers that threw this; what is not expected is thrown on. */
export function outcomeOf(error: unknown, session: ImapSession): Outcome {
  const reply = error instanceof Hangup ? undefined : replyForError(error)
  // In the middle of a line nothing can be answered any more.
  if (!reply || !session.out.atLineStart) throw error
  return reply
}

/** After a command: what the client sends of it in any case is read, and the updates of the selected mailbox are written. @throws {Hangup} */
export function finish({verb, form, incoming}: Command, session: ImapSession): Promise<void> | undefined {
  const update = () =>
    session.view === undefined ? undefined : writeUpdates(session, session.view, {expunges: form.uid || !verb.holdsNumbers})
  return incoming ? incoming.discard().then(update) : update()
}

/** What a session says last when a bug ended it. */
export const BUG_FAREWELL: Farewell = bye('Internal server error, the session ends', 'SERVERBUG')
