import {Args, Flags} from '@oclif/core'
import {appPasswordTable, listAppPasswords} from '../../src/services/app-passwords.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class AppPwList extends JsonCommand {
  static override summary = 'List the app passwords of an account, or of all.'
  static override description = 'With services, times and the last use, which is known about a minute later.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@example.com', '<%= config.bin %> <%= command.id %> --json']
  static override args = {account: Args.string({description: 'login name in full'})}
  static override flags = {state: Flags.string({description: 'state directory of the server'})}

  async run(): Promise<readonly object[]> {
    const {args, flags} = await this.parse(AppPwList)
    const list = await listAppPasswords(flags.state, args.account).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (!this.jsonEnabled()) process.stdout.write(appPasswordTable(list))
    return list
  }
}
