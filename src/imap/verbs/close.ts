import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** CLOSE: expunges without telling, then leaves the mailbox (RFC 3501 §6.4.2). */
export const close = defineVerb({
  name: 'CLOSE',
  state: 'selected',
  read: (line) => line.end(),
  async run({session, view}) {
    if (!view.readOnly) await view.expunge()
    session.select(undefined)
    return ok('mailbox closed.')
  },
})
