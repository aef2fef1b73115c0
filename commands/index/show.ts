import {Args, Flags} from '@oclif/core'
import {indexText, showIndex} from '../../src/services/index/show-index.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class IndexShow extends JsonCommand {
  static override summary = 'Show what is indexed, and how large that is.'
  static override description =
    'The index holds what was read from messages, so that they need not be opened for it again. It may be deleted at any time.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> ann@example.com']
  static override args = {target: Args.string({description: 'account, or path of a Maildir; all when left away'})}
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    cache: Flags.string({description: 'cache directory'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(IndexShow)
    try {
      const accounts = await showIndex({target: args.target, config: flags.config, cache: flags.cache, env: process.env})
      if (!this.jsonEnabled()) process.stdout.write(indexText(accounts))
      return accounts
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
