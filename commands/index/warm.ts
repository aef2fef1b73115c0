import {Args, Flags} from '@oclif/core'
import {warmIndex} from '../../src/services/index/warm-index.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class IndexWarm extends JsonCommand {
  static override summary = 'Read all messages of an account into the index.'
  static override description =
    'For accounts that were moved here, before their users come. As root it becomes the owner of the Maildir. Not while a server has the account open. Shows its progress on a terminal and is silent elsewhere.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.com',
    '<%= config.bin %> <%= command.id %> /home/ann/Maildir',
  ]
  static override args = {target: Args.string({description: 'account, or path of a Maildir', required: true})}
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    cache: Flags.string({description: 'cache directory'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(IndexWarm)
    const show = process.stderr.isTTY === true && !this.jsonEnabled()
    try {
      const result = await warmIndex({
        target: args.target,
        config: flags.config,
        cache: flags.cache,
        env: process.env,
        onProgress: ({folder, done, messages}) => {
          if (show) process.stderr.write(`\r\x1b[K${folder}: ${done} of ${messages}`)
        },
      })
      if (show) process.stderr.write('\r\x1b[K')
      if (process.stdout.isTTY && !this.jsonEnabled())
        process.stdout.write(`${result.messages} messages in ${result.folders} folders are indexed.\n`)
      return result
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
