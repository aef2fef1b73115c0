import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** CHECK: everything is on disk already; looks for news as NOOP does (RFC 3501 §6.4.1). */
export const check = defineVerb({
  name: 'CHECK',
  state: 'selected',
  read: (line) => line.end(),
  async run({view}) {
    await view.refresh()
    return ok('CHECK completed')
  },
})
