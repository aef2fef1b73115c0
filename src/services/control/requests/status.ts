import {defineRequest} from '../request.js'

/** How the server is: one item. */
export const status = defineRequest({
  name: 'status',
  read: () => undefined,
  async run({version, pid, services, inspect}, _, reply) {
    reply.item({version, pid, services: services(), roles: await inspect.states()})
  },
})
