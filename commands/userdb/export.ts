import {Command, Flags} from '@oclif/core'
import {exportUserdb, userdbPath} from '../../src/services/userdb-exchange.js'

export default class UserdbExport extends Command {
  static override summary = 'Print all accounts of userdb text as JSON or CSV.'
  static override description =
    'Reads the userdb of the configuration directory, or another file or directory, also a "userdb.dat" of real Courier (without passwords, which are in "userdbshadow.dat"). Hashes of passwords are in the output, unless --no-passwords leaves them out: keep it private.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> > accounts.json',
    '<%= config.bin %> <%= command.id %> --format csv --no-passwords > accounts.csv',
  ]
  static override flags = {
    config: Flags.string({description: 'configuration directory'}),
    file: Flags.string({char: 'f', description: 'this file or directory'}),
    format: Flags.option({options: ['json', 'csv'] as const, default: 'json' as const})({description: 'form of the output'}),
    'no-passwords': Flags.boolean({description: 'leave out all fields whose names end in "pw"'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(UserdbExport)
    const source = userdbPath({file: flags.file, config: flags.config, env: process.env})
    await exportUserdb({
      source,
      format: flags.format,
      withoutPasswords: flags['no-passwords'],
      print: (text) => process.stdout.write(text),
      warn: (text) => this.warn(text),
    }).catch((error: Error) => this.error(error.message, {exit: 1}))
  }
}
