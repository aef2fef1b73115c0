import {Flags} from '@oclif/core'
import {banTable, listBans} from '../../src/services/ban-tool.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class BanList extends JsonCommand {
  static override summary = 'List the addresses that may not connect.'
  static override description =
    'Those of administrators, and those that servers have made after too many failed logins (BAN_AFTER in authdaemonrc). Works while servers run and while they do not.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = {state: Flags.string({description: 'state directory of the server'})}

  async run(): Promise<readonly object[]> {
    const {flags} = await this.parse(BanList)
    const bans = await listBans(flags.state).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (!this.jsonEnabled()) process.stdout.write(bans.length > 0 ? banTable(bans) : 'Nobody is banned\n')
    return bans
  }
}
