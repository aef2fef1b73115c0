import {Fault} from '../../../support/fault.js'
import {eventText} from '../event-tally.js'
import {defineRequest} from '../request.js'

/** Reads the configuration again, and answers with what the log says about it. @throws {Fault} `bad-configuration` when it is refused */
export const reload = defineRequest({
  name: 'reload',
  read: () => undefined,
  async run({reload: readAgain, watch}, _, reply) {
    let done = false
    const stop = watch((level, event, facts) => {
      if (event === 'server.reloaded') done = true
      else if (level === 'warning' || level === 'err') reply.item({level, text: facts.reason ?? eventText(level, event, facts)})
    })
    try {
      await readAgain()
    } finally {
      stop()
    }
    if (!done) throw new Fault('bad-configuration', 'The new configuration has errors: the one that was running stays')
  },
})
