import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** NAMESPACE (RFC 2342 §5). Courier: personal folders live below INBOX, names are separated by ".". */
export const namespace = defineVerb({
  name: 'NAMESPACE',
  state: 'authenticated',
  capability: ['NAMESPACE'],
  read: (line) => line.end(),
  run({session}) {
    session.out.line('* NAMESPACE (("INBOX." ".")) NIL (("#shared." ".")("shared." "."))')
    return ok('NAMESPACE completed.')
  },
})
