import {Command} from '@oclif/core'
import {makeuserdbTool} from '../src/services/makeuserdb-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class MakeUserdb extends Command {
  static override summary = 'Compile userdb text, so that the accounts in it count.'
  static override description = [
    'Reads the file or directory "userdb" of the configuration directory and replaces "userdb.lmdb" and "userdbshadow.lmdb" beside it. Running servers use them from the next login on. With an error in the text nothing is replaced.',
    'Real Courier\'s "userdb.dat" and "userdbshadow.dat" (GDBM) are kept in step when they are there; --gdbm makes them, for programs on this host that read them, such as maildrop.',
    'Options, in this order: --config DIR (configuration directory), --gdbm, -f FILE (another file or directory).',
  ].join('\n\n')
  static override usage = ['makeuserdb [--config DIR] [--gdbm] [-f FILE]']
  static override examples = ['<%= config.bin %> makeuserdb', '<%= config.bin %> makeuserdb -f /srv/mail/userdb']
  static override strict = false

  async run(): Promise<void> {
    // The original ignores what it does not know.
    this.parsed = true
    await runTool(makeuserdbTool, this.argv, `${this.config.bin} makeuserdb`)
  }
}
