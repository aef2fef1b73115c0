import {Command} from '@oclif/core'
import {authtestTool} from '../src/services/authtest-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class AuthTest extends Command {
  static override summary = 'Look an account up, check its password, or change it.'
  static override description =
    'Asks the account sources of authdaemonrc, or an authdaemond: --socket PATH, or AUTHDAEMON_SOCKET there. A password on the command line is seen by everybody who lists processes: use this for tests. -s SERVICE: imap, pop3, … (login). --config DIR: configuration directory. Our own options come first.'
  static override usage = ['authtest [--config DIR] [--socket PATH] [-s SERVICE] USER [PASSWORD [NEWPASSWORD]]']
  static override examples = [
    '<%= config.bin %> authtest ann@example.com',
    '<%= config.bin %> authtest --socket /run/courier/authdaemon/socket -s imap ann@example.com secret',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(authtestTool, this.argv, `${this.config.bin} authtest`)
  }
}
