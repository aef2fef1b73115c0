import {Args, Flags} from '@oclif/core'
import {JsonCommand} from '../../src/services/json-command.js'
import {applyUserdb, differencesAsJson, formatDifferences, formatOf, readExchange, userdbPath} from '../../src/services/userdb-exchange.js'

export default class UserdbApply extends JsonCommand {
  static override summary = 'Make userdb text hold exactly the accounts of a JSON or CSV file.'
  static override description =
    'Accounts that the file does not have are removed, fields that it does not have too; comments stay. --diff only says what would change, without values of passwords. With an error in the file nothing is changed. Changes count after makeuserdb.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> accounts.json --diff',
    '<%= config.bin %> <%= command.id %> accounts.json && <%= config.bin %> makeuserdb',
  ]
  static override args = {input: Args.string({description: 'file, or - for standard input', required: true})}
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    file: Flags.string({char: 'f', description: 'change this file'}),
    format: Flags.option({options: ['json', 'csv'] as const})({description: 'form of the input; else by the end of its name'}),
    diff: Flags.boolean({description: 'say what would change, and change nothing'}),
  }

  async run(): Promise<object[]> {
    const {args, flags} = await this.parse(UserdbApply)
    try {
      const records = await readExchange(args.input, flags.format ?? formatOf(args.input), process.stdin)
      const source = userdbPath({file: flags.file, config: flags.config, env: process.env})
      const differences = await applyUserdb(source, {records, dryRun: flags.diff})
      if (flags.diff && !this.jsonEnabled()) process.stdout.write(formatDifferences(differences))
      return differencesAsJson(differences)
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
