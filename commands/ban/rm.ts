import {Args, Flags} from '@oclif/core'
import {removeBans} from '../../src/services/ban-tool.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class BanRm extends JsonCommand {
  static override summary = 'Let an address connect again.'
  static override description =
    'Takes away every ban that the address is in, or the ban of a network as it is listed. Running servers obey at once.'
  static override examples = ['<%= config.bin %> <%= command.id %> 192.0.2.9', '<%= config.bin %> <%= command.id %> --all']
  static override args = {address: Args.string({description: 'address, or network as it is listed'})}
  static override flags = {
    all: Flags.boolean({description: 'all of them'}),
    state: Flags.string({description: 'state directory of the server'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(BanRm)
    if ((args.address === undefined) !== flags.all) this.error('Name an address, or --all', {exit: 2})
    const removed = await removeBans(flags.state, args.address).catch((error: Error) => this.error(error.message, {exit: 1}))
    if (removed === 0 && !flags.all) this.error(`${args.address} is not banned`, {exit: 1})
    this.log(removed === 1 ? '1 ban removed' : `${removed} bans removed`)
    return {removed}
  }
}
