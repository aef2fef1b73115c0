import {Command, Flags} from '@oclif/core'
import {askAll} from '../src/services/control/client.js'

export default class Restart extends Command {
  static override summary = 'Exchange the processes of a running server one after the other.'
  static override description =
    `For a new version of the program: the ports stay open, new connections are served all the time, sessions are told to end. The supervisor itself
stays as it is until the service is restarted. A server that is one process cannot do it: it exits with 1 then.`
  static override examples = ['<%= config.bin %> <%= command.id %> --rolling']
  static override flags = {
    rolling: Flags.boolean({description: 'one process after the other; there is no other way here', required: true}),
    run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Restart)
    await askAll({request: 'restart'}, {run: flags.run}).catch((error: Error) => this.error(error.message, {exit: 1}))
    this.log('The processes have been exchanged.')
  }
}
