import {Args, Command, Flags} from '@oclif/core'
import {formatOf, importUserdb, readExchange, userdbPath} from '../../src/services/userdb-exchange.js'

export default class UserdbImport extends Command {
  static override summary = 'Set accounts in userdb text from JSON or CSV.'
  static override description =
    'Each record sets its fields, as "userdb set" does; other fields and other accounts stay. JSON: [{"name": "ann@example.com", "fields": {"uid": 5000, …}}, …]. CSV: a line with the names of columns, one of them "name"; an empty cell sets nothing, "" an empty value. With an error in the file nothing is changed. Changes count after makeuserdb.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> accounts.json',
    '<%= config.bin %> <%= command.id %> - --format csv < accounts.csv',
  ]
  static override args = {input: Args.string({description: 'file, or - for standard input', required: true})}
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    file: Flags.string({char: 'f', description: 'change this file'}),
    format: Flags.option({options: ['json', 'csv'] as const})({description: 'form of the input; else by the end of its name'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(UserdbImport)
    try {
      const records = await readExchange(args.input, flags.format ?? formatOf(args.input), process.stdin)
      await importUserdb(userdbPath({file: flags.file, config: flags.config, env: process.env}), records)
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
