import {Command} from '@oclif/core'
import {makeimapaccessTool} from '../src/services/makeimapaccess-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class MakeImapAccess extends Command {
  static override summary = 'Compile the rules by client address, so that they count.'
  static override description = [
    'Reads IMAPACCESSFILE of imapd (a file, or a directory whose files are read one after the other) and replaces IMAPACCESSFILE.dat. Running servers obey it from the next connection on, real Courier too. With an error nothing is replaced.',
    'A line is KEY, a tab, VALUE. KEY: 192.168.0.10, 192.168.0 (all that begin so), 192.168.0.0/22, 10.0.0.1-10.0.0.99, :2001:0db8 (groups of four digits), 2001:db8::/32, or * for everybody else. VALUE: deny, or allow, with variables behind it: allow,MAXCPERIP=10,DEFDOMAIN=@example.com. The most specific line alone decides; nobody is refused whom no line names.',
  ].join('\n\n')
  static override usage = ['makeimapaccess [--config DIR]']
  static override examples = ["printf '*\\tdeny\\n192.168.0.0/16\\tallow\\n' > /etc/courier/imapaccess && <%= config.bin %> makeimapaccess"]
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(makeimapaccessTool, this.argv, `${this.config.bin} makeimapaccess`)
  }
}
