import {Args, Flags} from '@oclif/core'
import {addAppPassword} from '../../src/services/app-passwords.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class AppPwAdd extends JsonCommand {
  static override summary = 'Make an app password for an account, and print it once.'
  static override description =
    'A password of its own for each program or device of a user, for accounts of any source; it logs in as the password of the account does, and is revoked alone. Type it with or without the dashes. It is checked by name and password (PLAIN, LOGIN), not by CRAM and SCRAM.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.com "Phone"',
    '<%= config.bin %> <%= command.id %> ann@example.com "Scanner" --service imap --expires 90d',
  ]
  static override args = {
    account: Args.string({description: 'login name in full', required: true}),
    name: Args.string({description: 'what it is for', required: true}),
  }
  static override flags = {
    service: Flags.string({multiple: true, description: 'only for this service: imap, pop3, …'}),
    expires: Flags.string({description: '90d, 12w, 1y, or a date'}),
    state: Flags.string({description: 'state directory of the server'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(AppPwAdd)
    const {service: services = [], expires, state} = flags
    const password = await addAppPassword(state, {...args, services, expires}).catch((error: Error) => this.error(error.message, {exit: 1}))
    this.log(password)
    return {...args, password}
  }
}
