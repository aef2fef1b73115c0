import {Args, Flags} from '@oclif/core'
import {askSecret} from '../../src/services/ask-secret.js'
import {explanationText, runExplain} from '../../src/services/auth-explain/run-explain.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class AuthExplain extends JsonCommand {
  static override summary = 'Say step by step what the login of a user would meet.'
  static override description =
    'Asks every account source in its order, and tells what it found, how the password is stored, whether home and Maildir can be used, what the options forbid, and how long each step took. Passwords and hashes are never shown. Run it as the user of the server, or as root. Ends with 1 when no login can succeed.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.com',
    '<%= config.bin %> <%= command.id %> ann --service pop3 --password',
  ]
  static override args = {user: Args.string({description: 'login name', required: true})}
  static override flags = {
    service: Flags.string({description: 'imap, pop3, esmtp, …', default: 'imap'}),
    password: Flags.boolean({description: 'ask for the password (or read a line of standard input) and check it too'}),
    config: Flags.string({description: 'configuration directory'}),
    state: Flags.string({description: 'state directory of the server'}),
  }

  async run(): Promise<object> {
    const {args, flags} = await this.parse(AuthExplain)
    try {
      const password = flags.password ? await askSecret('Password:') : undefined
      const {service, config, state} = flags
      const explanation = await runExplain({user: args.user, service, password, config, state, env: process.env})
      if (!this.jsonEnabled()) process.stdout.write(explanationText(explanation))
      if (!explanation.succeeds) process.exitCode = 1
      return explanation
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 2})
    }
  }
}
