import {Args, Flags} from '@oclif/core'
import {askSessions, sessionsText} from '../src/services/control/show-sessions.js'
import {JsonCommand} from '../src/services/json-command.js'

export default class Who extends JsonCommand {
  static override summary = 'Show who is logged in.'
  static override description =
    'One line for each session: what it does now, how long ago its last command was, since when it is there, and its traffic in octets.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> ann@example.com --json']
  static override args = {user: Args.string({description: 'login name in full; all when left away'})}
  static override flags = {run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"})}

  async run(): Promise<readonly object[]> {
    const {args, flags} = await this.parse(Who)
    const sessions = await askSessions(args.user, {run: flags.run}).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (!this.jsonEnabled()) process.stdout.write(sessionsText(sessions, Date.now()))
    return sessions
  }
}
