import {Args, Flags} from '@oclif/core'
import {JsonCommand} from '../src/services/json-command.js'
import {lastLogins, lastLoginsText} from '../src/services/show-last-logins.js'

export default class LastLogin extends JsonCommand {
  static override summary = 'Show when accounts logged in last.'
  static override description =
    `For each account and service, the longest ago first. The server writes it down once a minute; no server need run.
Exits with 2 when the account has no known login.`
  static override examples = ['<%= config.bin %> <%= command.id %> ann@example.com', '<%= config.bin %> <%= command.id %> --json']
  static override args = {user: Args.string({description: 'login name in full; all when left away'})}
  static override flags = {state: Flags.string({description: 'state directory of the server'})}

  async run(): Promise<readonly object[]> {
    const {args, flags} = await this.parse(LastLogin)
    const logins = await lastLogins(args.user, flags.state).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (!this.jsonEnabled()) process.stdout.write(lastLoginsText(logins))
    if (args.user !== undefined && logins.length === 0) process.exitCode = 2
    return logins.map((login) => ({...login, time: new Date(login.time).toISOString()}))
  }
}
