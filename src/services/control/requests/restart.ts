import {Fault} from '../../../support/fault.js'
import {defineRequest} from '../request.js'

/** Exchanges the processes of the server one after the other. @throws {Fault} `unavailable`: it is one process */
export const restart = defineRequest({
  name: 'restart',
  read: () => undefined,
  async run({restart: exchange}) {
    if (!exchange) throw new Fault('unavailable', 'This server is one process: end it and start it again')
    await exchange()
  },
})
