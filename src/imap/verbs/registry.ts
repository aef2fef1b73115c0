/** All commands. A new verb is one file and one line here; capability words come out in this order. */
import type {AnyVerb} from '../verb.js'
import {authenticate} from './authenticate.js'
import {capability} from './capability.js'
import {check} from './check.js'
import {enable} from './enable.js'
import {fetch} from './fetch.js'
import {id} from './id.js'
import {login} from './login.js'
import {logout} from './logout.js'
import {namespace} from './namespace.js'
import {noop} from './noop.js'
import {search} from './search.js'
import {sort} from './sort.js'
import {starttls} from './starttls.js'
import {thread} from './thread.js'

export const VERBS: readonly AnyVerb[] = [
  capability,
  noop,
  logout,
  starttls,
  login,
  authenticate,
  id,
  enable,
  namespace,
  check,
  fetch,
  search,
  thread,
  sort,
]
