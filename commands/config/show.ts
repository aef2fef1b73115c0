import {Flags} from '@oclif/core'
import {configReport} from '../../src/services/config-report.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class ConfigShow extends JsonCommand {
  static override summary = 'Print the settings that are made, as each service sees them.'
  static override description = 'Exit code 1: there are errors, which are told on standard error, and settings may be missing.'
  static override examples = ['<%= config.bin %> <%= command.id %> --origin']
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    origin: Flags.boolean({description: 'with the file and line that each comes from'}),
  }

  async run(): Promise<unknown> {
    const {flags} = await this.parse(ConfigShow)
    const {settings, lines, ok} = await configReport(flags.config, process.env)
    if (!ok) {
      // Some settings may not be among them.
      for (const line of lines) this.logToStderr(line)
      process.exitCode = 1
    }
    const made = settings.filter(({value}) => value !== undefined)
    for (const {service, name, value, origin} of made) {
      this.log(`${service} ${name}=${JSON.stringify(value)}${flags.origin ? `  # ${origin}` : ''}`)
    }
    return made
  }
}
