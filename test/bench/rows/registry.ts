/** All rows: a new one is one entry in the list of its kind. */
import type {Row} from '../row.js'
import {ACCOUNT_ROWS} from './accounts.js'
import {DELIVERIES} from './deliveries.js'
import {GROWTH} from './growth.js'
import {IDLE} from './idle.js'
import {LOOP_DELAY} from './loop-delay.js'
import {MIXED} from './mixed.js'
import {OPENING} from './opening.js'
import {READING} from './reading.js'
import {TLS} from './tls.js'
import {WRITING} from './writing.js'

export const ROWS: readonly Row[] = [
  ...OPENING,
  ...READING,
  ...WRITING,
  ...DELIVERIES,
  ...LOOP_DELAY,
  ...MIXED,
  ...GROWTH,
  ...IDLE,
  ...TLS,
  ...ACCOUNT_ROWS,
]
