import {neededText} from '../arguments.js'
import {defineRequest} from '../request.js'

const ID = /^\d+\.\d+$/

/** Ends the sessions of a user, or the one with this id. Answers with the number of them. */
export const kick = defineRequest({
  name: 'kick',
  read: (given) => ({whom: neededText(given, 'whom')}),
  async run({inspect}, {whom}, reply) {
    const kicked = await inspect.kick(ID.test(whom) ? {id: whom} : {user: whom})
    reply.item({kicked})
  },
})
