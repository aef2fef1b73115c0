import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {serviceControlTool} from '../src/services/service-control-tool.js'

export default class Pop3dSsl extends Command {
  static override summary = "Start and stop the POP3 server on its TLS port, as Courier's script does."
  static override description =
    'start serves in the background, with the log in syslog and the process id in the file that the configuration names; options of "<%= config.bin %> serve" may follow. stop ends it, restart makes it read its configuration again, status tells whether it runs (exit code 3: it does not). A server that runs already is left alone. POP3 itself is not in this version: start says so.'
  static override usage = ['pop3d-ssl [--config DIR] start|stop|restart|status']
  static override examples = ['<%= config.bin %> pop3d-ssl start', '<%= config.bin %> pop3d-ssl status']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(serviceControlTool('pop3d-ssl'), this.argv, `${this.config.bin} pop3d-ssl`)
  }
}
