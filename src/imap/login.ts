import type {AnyContext} from './session.js'

/** What the state `not-authenticated` offers. */
export interface LoginContext extends AnyContext {
  readonly login: LoginDesk
}

/** How a session gets from the greeting to an account. */
export interface LoginDesk {
  /** Login is refused until STARTTLS. */
  readonly tlsMissing: boolean
}
