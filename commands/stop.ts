import {Command, Flags} from '@oclif/core'
import {stopServer} from '../src/services/control/stop-server.js'

export default class Stop extends Command {
  static override summary = 'End the server that runs here, and wait until it has ended.'
  static override description = 'Sessions are told so and have 10 seconds. SIGTERM does the same. Exits with 1 when no server runs.'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override flags = {run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"})}

  async run(): Promise<void> {
    const {flags} = await this.parse(Stop)
    await stopServer({run: flags.run}).catch((error: Error) => this.error(error.message, {exit: 1}))
  }
}
