import {once} from 'node:events'
import {defineRequest} from '../request.js'

/** Ends the server in order. There is no end of the answer: the connection closes when the server has ended. */
export const stop = defineRequest({
  name: 'stop',
  read: () => undefined,
  async run({pid, stop: begin}, _, reply) {
    reply.item({pid})
    begin()
    if (!reply.signal.aborted) await once(reply.signal, 'abort')
  },
})
