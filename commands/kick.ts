import {Args, Flags} from '@oclif/core'
import {askAll} from '../src/services/control/client.js'
import {JsonCommand} from '../src/services/json-command.js'

export default class Kick extends JsonCommand {
  static override summary = 'End sessions.'
  static override description =
    `The client is told so with a BYE. Programs connect again at once: to keep a user out, change the password or disable the account first.
Exits with 2 when there is no such session.`
  static override examples = [
    {description: 'All sessions of a user', command: '<%= config.bin %> <%= command.id %> ann@example.com'},
    {description: 'One session, by its id in "courier who"', command: '<%= config.bin %> <%= command.id %> 4711.12'},
  ]
  static override args = {whom: Args.string({description: 'login name in full, or the id of a session', required: true})}
  static override flags = {run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"})}

  async run(): Promise<object> {
    const {args, flags} = await this.parse(Kick)
    const answers = await askAll<{kicked: number}>({request: 'kick', whom: args.whom}, {run: flags.run}).catch((error: Error) =>
      this.error(error.message, {exit: 1}),
    )
    const kicked = answers.reduce((sum, answer) => sum + answer.kicked, 0)
    if (!this.jsonEnabled()) this.log(kicked === 1 ? '1 session ends.' : `${kicked} sessions end.`)
    if (kicked === 0) process.exitCode = 2
    return {kicked}
  }
}
