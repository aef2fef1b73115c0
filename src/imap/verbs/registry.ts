/** All commands. A new verb is one file and one line here; capability words come out in this order. */
import type {AnyVerb} from '../verb.js'
import {append} from './append.js'
import {authenticate} from './authenticate.js'
import {capability} from './capability.js'
import {check} from './check.js'
import {close} from './close.js'
import {copy} from './copy.js'
import {create} from './create.js'
import {deleteVerb} from './delete.js'
import {enable} from './enable.js'
import {expunge} from './expunge.js'
import {fetch} from './fetch.js'
import {id} from './id.js'
import {idle} from './idle.js'
import {listVerb, lsub} from './list.js'
import {login} from './login.js'
import {logout} from './logout.js'
import {move} from './move.js'
import {namespace} from './namespace.js'
import {noop} from './noop.js'
import {getQuota, getQuotaRoot, setQuota} from './quota.js'
import {rename} from './rename.js'
import {search} from './search.js'
import {examine, select} from './select.js'
import {sort} from './sort.js'
import {starttls} from './starttls.js'
import {status} from './status.js'
import {store} from './store.js'
import {subscribe, unsubscribe} from './subscribe.js'
import {thread} from './thread.js'
import {unselect} from './unselect.js'

export const VERBS: readonly AnyVerb[] = [
  // Any state.
  capability,
  noop,
  logout,
  id,
  // Before login.
  starttls,
  login,
  authenticate,
  // After login.
  enable,
  namespace,
  select,
  examine,
  create,
  deleteVerb,
  rename,
  subscribe,
  unsubscribe,
  listVerb,
  lsub,
  status,
  append,
  idle,
  getQuota,
  getQuotaRoot,
  setQuota,
  // With a mailbox.
  check,
  close,
  unselect,
  expunge,
  fetch,
  search,
  thread,
  sort,
  store,
  copy,
  move,
]
