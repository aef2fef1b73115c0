import {Command} from '@oclif/core'
import {authdaemondTool} from '../src/services/authdaemond/authdaemond-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class Authdaemond extends Command {
  static override summary = 'Answer other programs about accounts, as authdaemond does.'
  static override description = [
    'maildrop, Postfix (Cyrus SASL with "pwcheck_method: authdaemond"), Exim and Courier\'s own tools ask on the socket in "authdaemonvar" of authdaemonrc. "courier serve" does the same while it runs: this command is for hosts without it.',
    'Without a word it stays in the foreground, with its log on standard error; SIGHUP reads authdaemonrc again. "start" leaves it in the background, with its log in syslog.',
    'An authdaemond that answers on the socket keeps it.',
  ].join('\n\n')
  static override usage = ['authdaemond [--config DIR] [start|stop|restart]']
  static override examples = ['<%= config.bin %> authdaemond', '<%= config.bin %> authdaemond start']
  static override strict = false

  async run(): Promise<void> {
    this.parsed = true
    await runTool(authdaemondTool, this.argv, `${this.config.bin} authdaemond`)
  }
}
