import {Flags} from '@oclif/core'
import {configReport} from '../../src/services/config-report.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class ConfigCheck extends JsonCommand {
  static override summary = 'Read the configuration files and tell everything that is wrong.'
  static override description = 'Exit code 0: the server would start with them (there may be warnings); 1: there are errors.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --config /etc/courier --json']
  static override flags = {config: Flags.string({description: 'configuration directory'})}

  async run(): Promise<unknown> {
    const {flags} = await this.parse(ConfigCheck)
    const {ok, lines, problems} = await configReport(flags.config, process.env)
    for (const line of lines) this.log(line)
    if (!ok) process.exitCode = 1
    return {ok, problems}
  }
}
