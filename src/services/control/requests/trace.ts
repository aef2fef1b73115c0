import {once} from 'node:events'
import {neededText} from '../arguments.js'
import type {TraceItem} from '../inspectable.js'
import {defineRequest} from '../request.js'

/** Follows the sessions of a user until the client goes: an item for each line. Of what the client does not take in time, it is told how much. */
export const trace = defineRequest({
  name: 'trace',
  read: (given) => ({user: neededText(given, 'user'), contents: given.contents === true}),
  async run({inspect}, request, reply) {
    let dropped = 0
    const put = (item: TraceItem) => {
      if (dropped > 0 && reply.item({time: item.time, id: '', from: 'log', text: `[${dropped} lines were too fast and are not shown]`}))
        dropped = 0
      if (dropped > 0 || !reply.item(item)) dropped += 1
    }
    const stop = inspect.trace(request, put)
    try {
      if (!reply.signal.aborted) await once(reply.signal, 'abort')
    } finally {
      stop()
    }
  },
})
