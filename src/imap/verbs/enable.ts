import {ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** ENABLE: switches UTF-8 on (RFC 5161 §3.1, RFC 6855 §3); other words are ignored. */
export const enable = defineVerb({
  name: 'ENABLE',
  state: 'authenticated',
  capability: ['ENABLE', 'UTF8=ACCEPT'],
  read(line) {
    const words: string[] = []
    line.space()
    do words.push(line.astring('a capability').toUpperCase())
    while (line.more())
    return {words}
  },
  run({session}, {words}) {
    if (words.includes('UTF8=ACCEPT')) session.enableUtf8()
    // Courier: lists what is on, also when it was before.
    session.out.line(`* ENABLED${session.utf8 ? ' UTF8=ACCEPT' : ''}`)
    return ok('Options enabled')
  },
})
