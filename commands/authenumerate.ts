import {Command} from '@oclif/core'
import {authenumerateTool} from '../src/services/authenumerate-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class AuthEnumerate extends Command {
  static override summary = 'List all accounts.'
  static override description =
    'Name, uid, gid, home and Maildir between TABs; -o: with options; -s: without accounts that have no shared folders. Ends with 1 when the list is not complete. --socket PATH: asks that authdaemond. --config DIR: configuration directory. Our own options come first.'
  static override usage = ['authenumerate [--config DIR] [--socket PATH] [-s] [-o]']
  static override examples = ['<%= config.bin %> authenumerate -o']
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(authenumerateTool, this.argv, `${this.config.bin} authenumerate`)
  }
}
