import {Args, Flags} from '@oclif/core'
import {addBan} from '../../src/services/ban-tool.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class BanAdd extends JsonCommand {
  static override summary = 'Let nobody connect from an address or a network.'
  static override description = 'Running servers obey at once. Sessions that have logged in go on: courier kick ends them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 192.0.2.9 --for 12h',
    '<%= config.bin %> <%= command.id %> 2001:db8:1:2::/64 --note "Scanner"',
  ]
  static override args = {address: Args.string({description: '192.0.2.9, 192.0.2.0/24, 2001:db8::/64', required: true})}
  static override flags = {
    for: Flags.string({description: '30m, 12h, 7d, 4w; without it: until it is removed'}),
    note: Flags.string({description: 'why, for the list'}),
    state: Flags.string({description: 'state directory of the server'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(BanAdd)
    const ban = {network: args.address, span: flags.for, note: flags.note}
    return addBan(flags.state, ban).catch((error: Error) => this.error(error.message, {exit: 1}))
  }
}
