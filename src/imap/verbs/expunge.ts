import {resolveUids} from '../message-set.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** EXPUNGE: removes what has \Deleted (RFC 3501 §6.4.3); UID EXPUNGE only of these messages (RFC 4315 §2.1). */
export const expunge = defineVerb({
  name: 'EXPUNGE',
  state: 'selected',
  takesUid: true,
  capability: ['UIDPLUS'],
  read(line, {uid}) {
    const messages = uid ? line.space().messageSet() : undefined
    line.end()
    return {messages}
  },
  async run({view}, {messages}) {
    if (view.readOnly) return no('Cannot expunge read-only mailbox.')
    await view.expunge(messages && resolveUids(messages, view))
    return ok('EXPUNGE completed')
  },
})
