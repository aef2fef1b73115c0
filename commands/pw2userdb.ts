import {Command} from '@oclif/core'
import {pw2userdbTool} from '../src/services/pw2userdb-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class Pw2Userdb extends Command {
  static override summary = 'Print the accounts of the system as userdb text.'
  static override description =
    'Options: --passwd FILE, --shadow FILE, --noshadow (passwords of the passwd file), --domain NAME (append @NAME to the names), --nouid (without entries from uids to names), --vpopuid (uid and gid of the user vpopmail).'
  static override usage = ['pw2userdb [--passwd FILE] [--shadow FILE|--noshadow] [--domain NAME] [--nouid] [--vpopuid]']
  static override examples = [
    '<%= config.bin %> pw2userdb > userdb',
    '<%= config.bin %> pw2userdb --passwd vpasswd --noshadow --nouid --domain example.com',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(pw2userdbTool, this.argv, `${this.config.bin} pw2userdb`)
  }
}
