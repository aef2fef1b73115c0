import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** LOGOUT: ends the session (RFC 3501 §6.1.3). */
export const logout = defineVerb({
  name: 'LOGOUT',
  state: 'any',
  read: (line) => line.end(),
  run({session}) {
    session.out.line('* BYE Courier-IMAP server shutting down')
    return {...ok('LOGOUT completed'), afterwards: 'close'}
  },
})
