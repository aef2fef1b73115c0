import {join} from 'node:path'
import {Args, Command, Flags} from '@oclif/core'
import {installLinks} from '../src/services/install-links.js'
import {prepareTools} from '../src/services/tool-bundles.js'

export default class InstallLinks extends Command {
  static override summary = 'Make links under the names of the original programs.'
  static override description =
    'Scripts that call userdb, makeuserdb, authtest and the others go on working when DIR is in their path. A tool that is called so starts in a third of the time of one called by "<%= config.bin %> TOOL". Programs that have one of the names already are left alone without --force.'
  static override examples = ['<%= config.bin %> install-links /usr/local/sbin']
  static override args = {directory: Args.string({description: 'directory for the links', required: true})}
  static override flags = {
    force: Flags.boolean({description: 'replace programs that have one of the names'}),
    quiet: Flags.boolean({char: 'q', description: 'print nothing'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstallLinks)
    const launcher = join(this.config.root, 'bin', 'tool.cjs')
    await prepareTools(this.config.root)
    const links = await installLinks({directory: args.directory, launcher, force: flags.force}).catch((error: Error) =>
      this.error(error.message),
    )
    for (const {path, made} of links) if (!flags.quiet) this.log(`${path}${made ? '' : ' (was there)'}`)
  }
}
