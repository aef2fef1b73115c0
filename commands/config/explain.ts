import {Args, Command} from '@oclif/core'
import {explainSetting} from '../../src/services/config-report.js'

export default class ConfigExplain extends Command {
  static override summary = 'Tell what a setting is for.'
  static override examples = ['<%= config.bin %> <%= command.id %> MAXPERIP']
  static override enableJsonFlag = true
  static override args = {name: Args.string({description: 'name of the setting', required: true})}

  async run(): Promise<unknown> {
    const {args} = await this.parse(ConfigExplain)
    const found = explainSetting(args.name)
    if (found.length === 0) this.error(`There is no setting "${args.name}"`, {exit: 1})
    for (const {name, file, text, type, unit, shipped, effect, since} of found) {
      this.log(`${name} (${file}): ${text}.`)
      this.log(`  Value: ${type}${unit ? `, in ${unit}` : ''}. Shipped: ${shipped === undefined ? 'not set' : JSON.stringify(shipped)}.`)
      this.log(`  Here: ${effect}.${since ? ` Since: ${since}.` : ''}`)
    }
    return found
  }
}
