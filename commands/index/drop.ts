import {Args, Flags} from '@oclif/core'
import {dropIndex} from '../../src/services/index/show-index.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class IndexDrop extends JsonCommand {
  static override summary = 'Delete the index of an account, or all of it.'
  static override description = 'Nothing is lost: it is made again from the messages when clients ask. A running server goes on.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@example.com', '<%= config.bin %> <%= command.id %> --all']
  static override args = {target: Args.string({description: 'account, or path of a Maildir'})}
  static override flags = {
    all: Flags.boolean({description: 'of all accounts'}),
    config: Flags.string({description: 'configuration directory'}),
    cache: Flags.string({description: 'cache directory'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(IndexDrop)
    try {
      const {all, config, cache} = flags
      const dropped = await dropIndex({target: args.target, all, config, cache, env: process.env})
      if (!this.jsonEnabled()) {
        const bytes = dropped.reduce((sum, account) => sum + account.bytes, 0)
        process.stdout.write(
          `Deleted ${(bytes / 2 ** 20).toFixed(1)} MiB of ${dropped.length} ${dropped.length === 1 ? 'account' : 'accounts'}.\n`,
        )
      }
      return dropped
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
