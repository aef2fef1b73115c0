import {Args, Command, Flags} from '@oclif/core'
import {removeAppPasswords} from '../../src/services/app-passwords.js'

export default class AppPwRm extends Command {
  static override summary = 'Revoke an app password.'
  static override description = 'No new login works with it; sessions that are open stay.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.com "Phone"',
    '<%= config.bin %> <%= command.id %> ann@example.com --all',
  ]
  static override args = {
    account: Args.string({description: 'login name in full', required: true}),
    name: Args.string({description: 'what it was for'}),
  }
  static override flags = {
    all: Flags.boolean({description: 'all of the account'}),
    state: Flags.string({description: 'state directory of the server'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(AppPwRm)
    if ((args.name === undefined) !== Boolean(flags.all)) this.error('Say which one, or --all', {exit: 2})
    const removed = await removeAppPasswords(flags.state, args.account, args.name).catch((error: Error) =>
      this.error(error.message, {exit: 1}),
    )
    if (removed === 0 && !flags.all) this.error(`"${args.account}" has no app password "${args.name}"`, {exit: 1})
  }
}
