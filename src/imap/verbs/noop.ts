import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** NOOP: looks for news in the selected mailbox (RFC 3501 §6.1.2). */
export const noop = defineVerb({
  name: 'NOOP',
  state: 'any',
  read: (line) => line.end(),
  async run({session}) {
    await session.view?.refresh()
    return ok('NOOP completed')
  },
})
