import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {vchkpw2userdbTool} from '../src/services/vchkpw2userdb-tool.js'

export default class Vchkpw2Userdb extends Command {
  static override summary = 'Print the accounts of vpopmail as userdb text.'
  static override description =
    'Reads users/vpasswd and domains/DOMAIN/vpasswd of the home of the user vpopmail, or of another directory. Options: --vpopmailhome DIR, --todir DIR (a file for each domain instead of the output; links in it are followed).'
  static override usage = ['vchkpw2userdb [--vpopmailhome DIR] [--todir DIR]']
  static override examples = ['<%= config.bin %> vchkpw2userdb --todir=/etc/courier/userdb/vpopmail']
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments are not those of a usual parser.
    this.parsed = true
    await runTool(vchkpw2userdbTool, this.argv, `${this.config.bin} vchkpw2userdb`)
  }
}
