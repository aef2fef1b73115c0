import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** CAPABILITY: what the server can do now (RFC 3501 §6.1.1). */
export const capability = defineVerb({
  name: 'CAPABILITY',
  state: 'any',
  read: (line) => line.end(),
  run({session}) {
    session.out.line(`* CAPABILITY ${session.capability()}`)
    return ok('CAPABILITY completed')
  },
})
