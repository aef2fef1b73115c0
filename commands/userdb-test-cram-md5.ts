import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {userdbTestCramMd5Tool} from '../src/services/userdb-test-cram-md5-tool.js'

export default class UserdbTestCramMd5 extends Command {
  static override summary = 'Answer a CRAM-MD5 challenge by hand.'
  static override description =
    'Asks for name, password and the challenge that a server has sent, and prints what to answer. All of it is shown on the terminal.'
  static override usage = ['userdb-test-cram-md5']
  static override examples = ['<%= config.bin %> userdb-test-cram-md5']
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(userdbTestCramMd5Tool, this.argv, `${this.config.bin} userdb-test-cram-md5`)
  }
}
