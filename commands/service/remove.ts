import {join} from 'node:path'
import {Command, Flags} from '@oclif/core'
import {runService} from '../../src/services/service-install/run-service.js'
import {Fault} from '../../src/support/fault.js'

export default class ServiceRemove extends Command {
  static override summary = 'Stop the service, and remove what "service install" made.'
  static override examples = ['<%= config.bin %> <%= command.id %> --dry-run']
  static override flags = {
    root: Flags.string({description: 'remove below this directory, and run no programs', default: '/'}),
    'dry-run': Flags.boolean({char: 'n', description: 'show what would be done'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(ServiceRemove)
    await runService({
      action: 'remove',
      root: flags.root,
      manager: undefined,
      config: undefined,
      serveOptions: [],
      dryRun: flags['dry-run'],
      templates: join(this.config.root, 'templates'),
      courier: [],
      env: process.env,
      print: (line) => this.log(line),
    }).catch((error: unknown) => {
      if (error instanceof Fault) this.error(error.message, {exit: 1})
      throw error
    })
  }
}
