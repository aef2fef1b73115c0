import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {serviceControlTool} from '../src/services/service-control-tool.js'

export default class Imapd extends Command {
  static override summary =
    "Start and stop the IMAP server on its plain port, as Courier's script does, or serve one session on standard input."
  static override description =
    'start serves in the background, with the log in syslog and the process id in the file that the configuration names; options of "<%= config.bin %> serve" may follow. stop ends it, restart makes it read its configuration again, status tells whether it runs (exit code 3: it does not). A server that runs already is left alone. With the path of a Maildir it is one session on standard input and output, logged in as the user who runs it: a tunnel for mail programs.'
  static override usage = ['imapd [--config DIR] start|stop|restart|status|MAILDIR']
  static override examples = ['<%= config.bin %> imapd start', '<%= config.bin %> imapd status', 'cd && <%= config.bin %> imapd Maildir']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(serviceControlTool('imapd'), this.argv, `${this.config.bin} imapd`)
  }
}
