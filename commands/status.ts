import {Flags} from '@oclif/core'
import {askStatus, statusText} from '../src/services/control/show-status.js'
import {JsonCommand} from '../src/services/json-command.js'

export default class Status extends JsonCommand {
  static override summary = 'Show how a running server is.'
  static override description =
    `Its services and limits, its processes with sessions, logins, traffic, memory and how late their event loops are, and the last warnings and
errors. Several servers that share a directory are shown one after the other. Exits with 1 when none runs.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = {run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"})}

  async run(): Promise<readonly object[]> {
    const {flags} = await this.parse(Status)
    const servers = await askStatus({run: flags.run}).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (!this.jsonEnabled()) process.stdout.write(servers.map((status) => statusText(status, Date.now())).join('\n'))
    return servers
  }
}
