/** All rows: a new one is one entry in the list of its kind. */
import type {Row} from '../row.js'
import {DELIVERIES} from './deliveries.js'
import {OPENING} from './opening.js'
import {READING} from './reading.js'
import {WRITING} from './writing.js'

export const ROWS: readonly Row[] = [...OPENING, ...READING, ...WRITING, ...DELIVERIES]
