import {badSyntax} from '../faults.js'
import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** STARTTLS (RFC 3501 §6.2.1). What came with it in clear is thrown away. */
export const starttls = defineVerb({
  name: 'STARTTLS',
  state: 'not-authenticated',
  read: (line) => line.end(),
  run({login}) {
    if (!login.canEncrypt) return badSyntax({message: 'STARTTLS is not possible in this state'})
    login.discardReceived()
    return {...ok('Begin SSL/TLS negotiation now.'), afterwards: () => login.encrypt()}
  },
})
