/** All commands. A new verb is one file and one line here. */
import type {AnyVerb} from '../verb.js'

export const VERBS: readonly AnyVerb[] = []
