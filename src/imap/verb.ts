import type {Cursor} from './grammar/cursor.js'
import type {LoginContext} from './login.js'
import type {Outcome} from './replies/tagged.js'
import type {AnyContext, AuthenticatedContext, SelectedContext} from './session.js'

/** What `run` gets, by state. `authenticated` verbs work with a selected mailbox too, `any` verbs always. */
export interface ContextOf {
  readonly any: AnyContext
  readonly 'not-authenticated': LoginContext
  readonly authenticated: AuthenticatedContext
  readonly selected: SelectedContext
}

export type VerbState = keyof ContextOf

/** How the command was given. */
export interface VerbForm {
  /** With `UID` before it. */
  readonly uid: boolean
}

/** One command: what it declares drives the state check, CAPABILITY, when EXPUNGE may go out, and what logs hide. */
export interface Verb<S extends VerbState, Args> {
  /** In upper case. */
  readonly name: string
  readonly state: S
  /** There is a `UID name` form. */
  readonly takesUid?: boolean
  /** Words that it adds to CAPABILITY. */
  readonly capability?: readonly string[]
  /** Its arguments must not be shown anywhere. */
  readonly secret?: boolean
  /** Its last argument is a message that `read` takes with `line.message()` and that is not read before `run` asks (APPEND). */
  readonly takesMessage?: boolean
  /** The client's message numbers stay as they are until it has ended: no EXPUNGE, except in the UID form (RFC 3501 §7.4.1). */
  readonly holdsNumbers?: boolean
  /** Reads the arguments: stands behind the name, reads to the end (`line.end()`), touches nothing. @throws {BadSyntax} */
  read(line: Cursor, form: VerbForm): Args
  /**
   * Does it. Untagged lines go to `session.out`; the answer becomes the tagged line, after pending updates.
   *
   * @throws {Fault} becomes a NO
   * @throws {BadSyntax} becomes a BAD
   */
  run(context: ContextOf[S], args: Args): Promise<Outcome> | Outcome
}

/** A verb of any state and arguments, as the registry holds it. */
export type AnyVerb = Verb<VerbState, unknown>

/** Declares a verb; `run` gets exactly what its state offers. */
export function defineVerb<S extends VerbState, Args>(verb: Verb<S, Args>): Verb<S, Args> {
  return verb
}
