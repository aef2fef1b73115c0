import {Command} from '@oclif/core'
import {courierloggerTool} from '../src/services/courierlogger/courierlogger-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class CourierLogger extends Command {
  static override summary = "Send a program's lines to the system's log, and start and stop it."
  static override description = [
    'Lines come from standard input, or from the standard error of PROGRAM. ERR:, WARN:, CRIT:, ALERT:, INFO: and DEBUG: at their begin say how urgent they are.',
    '-pid=FILE makes a daemon of it: -start (also without the word), -stop, -restart (SIGHUP). -respawn starts PROGRAM again 5 s after its end; -user=, -group= and -droproot give rights up; -facility= is mail otherwise. -socket=PATH, which the original has not, is for another socket than /dev/log.',
  ].join('\n\n')
  static override usage = ['courierlogger [-name=NAME] [-pid=FILE] [-facility=NAME] [-start|-stop|-restart] [PROGRAM ARGS...]']
  static override examples = [
    'echo "ERR: disk full" | <%= config.bin %> courierlogger -name=backup',
    '<%= config.bin %> courierlogger -pid=/run/feed.pid -respawn -start /usr/local/sbin/feed',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The program has options of its own.
    this.parsed = true
    await runTool(courierloggerTool, this.argv, `${this.config.bin} courierlogger`)
  }
}
