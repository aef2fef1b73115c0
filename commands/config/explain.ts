import {Args, Flags} from '@oclif/core'
import {explainSetting, valuesOf} from '../../src/services/config-report.js'
import {JsonCommand} from '../../src/services/json-command.js'

export default class ConfigExplain extends JsonCommand {
  static override summary = 'Tell what a setting is for, and what it is set to.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> MAXPERIP',
    '<%= config.bin %> <%= command.id %> MAXPERIP --config /srv/mail/etc',
  ]
  static override args = {name: Args.string({description: 'name of the setting', required: true})}
  static override flags = {config: Flags.string({description: 'configuration directory'})}

  async run(): Promise<unknown> {
    const {args, flags} = await this.parse(ConfigExplain)
    const found = explainSetting(args.name)
    if (found.length === 0) this.error(`There is no setting "${args.name}"`, {exit: 1})
    for (const {name, file, text, type, unit, shipped, effect, since} of found) {
      this.log(`${name} (${file}): ${text}.`)
      this.log(`  Value: ${type}${unit ? `, in ${unit}` : ''}. Shipped: ${shipped === undefined ? 'not set' : JSON.stringify(shipped)}.`)
      this.log(`  Here: ${effect}.${since ? ` Since: ${since}.` : ''}`)
    }
    const values = await valuesOf(args.name, flags.config, process.env)
    for (const {service, value, origin} of values) this.log(`  Set for ${service}: ${JSON.stringify(value)} (${origin}).`)
    return found.map((each) => ({...each, values}))
  }
}
