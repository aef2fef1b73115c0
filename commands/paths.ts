import {Flags} from '@oclif/core'
import {JsonCommand} from '../src/services/json-command.js'
import {writablePaths} from '../src/services/paths-report.js'

export default class Paths extends JsonCommand {
  static override summary = 'List the directories that the server writes to.'
  static override description =
    'For containers with a read-only root: mount something writable there. The Maildirs of the accounts come in addition.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = {config: Flags.string({description: 'configuration directory'})}

  async run(): Promise<unknown> {
    const {flags} = await this.parse(Paths)
    const paths = await writablePaths(flags.config, process.env)
    for (const {path, holds} of paths) this.log(`${path}\t${holds}`)
    return paths
  }
}
