import {Command} from '@oclif/core'
import {authpasswdTool} from '../src/services/authpasswd-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class AuthPasswd extends Command {
  static override summary = 'Print the hash of a password by a scheme in braces.'
  static override description =
    'Asks for the password twice on a terminal; otherwise reads one line of standard input. METHOD: md5, md5raw, sha, ssha, sha256, sha512; any other word gives {SSHA}, none gives MD5-crypt. All of these are quick to guess: prefer "userdbpw -yescrypt" where the system has it.'
  static override usage = ['authpasswd [METHOD]']
  static override examples = ['<%= config.bin %> authpasswd sha512']
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(authpasswdTool, this.argv, `${this.config.bin} authpasswd`)
  }
}
