import {optionalText} from '../arguments.js'
import {defineRequest} from '../request.js'

/** The sessions, one item each: of a user, or all. */
export const who = defineRequest({
  name: 'who',
  read: (given) => ({user: optionalText(given, 'user')}),
  async run({inspect}, {user}, reply) {
    for await (const sessions of inspect.sessions()) {
      for (const session of sessions) if (user === undefined || session.user === user) reply.item(session)
      await reply.taken()
    }
  },
})
