import {join} from 'node:path'
import {Command} from '@oclif/core'
import {courierauthconfigTool} from '../src/services/courierauthconfig-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class CourierAuthConfig extends Command {
  static override summary = 'Print where the files of the authentication library are.'
  static override description =
    '--configfiles: paths, owner and group. --version: the courier-authlib whose behaviour this is; --version=V: "yes" when it is V or later.'
  static override usage = ['courierauthconfig [--configfiles] [--version[=V]]']
  static override examples = ['<%= config.bin %> courierauthconfig --configfiles']
  static override strict = false

  async run(): Promise<void> {
    // The words are answered one after the other.
    this.parsed = true
    await runTool(courierauthconfigTool(join(this.config.root, 'bin', 'run.js')), this.argv, `${this.config.bin} courierauthconfig`)
  }
}
