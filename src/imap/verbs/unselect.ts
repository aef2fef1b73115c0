import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** UNSELECT: leaves the mailbox without expunging (RFC 3691 §2). */
export const unselect = defineVerb({
  name: 'UNSELECT',
  state: 'selected',
  capability: ['UNSELECT'],
  read: (line) => line.end(),
  run({session}) {
    session.select(undefined)
    return ok('UNSELECT completed.')
  },
})
