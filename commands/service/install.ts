import {join} from 'node:path'
import {Command, Flags} from '@oclif/core'
import {runService} from '../../src/services/service-install/run-service.js'
import {Fault} from '../../src/support/fault.js'

export default class ServiceInstall extends Command {
  static override summary = 'Make the server a service of this host, which starts with it.'
  static override description =
    'Installs what the host has a place for: a systemd unit or a sysvinit script, the monthly job that makes Diffie-Hellman parameters, PAM files for imap and pop3, rules for logrotate. Files of others are left alone. The service is switched on and starts with the next boot, or by hand.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    {description: 'Serve as the owner of the Maildirs', command: '<%= config.bin %> <%= command.id %> --user vmail'},
    {description: 'For a package', command: '<%= config.bin %> <%= command.id %> --root build/root --manager systemd'},
  ]
  static override flags = {
    config: Flags.string({description: 'configuration directory [default: $COURIER_CONFIG or /etc/courier]'}),
    user: Flags.string({description: 'the user to serve as'}),
    manager: Flags.option({options: ['systemd', 'sysvinit'] as const, description: 'what starts services [default: what the host has]'})(),
    root: Flags.string({description: 'install below this directory, and run no programs', default: '/'}),
    'dry-run': Flags.boolean({char: 'n', description: 'show what would be done'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(ServiceInstall)
    await runService({
      action: 'install',
      root: flags.root,
      manager: flags.manager,
      config: flags.config,
      serveOptions: flags.user === undefined ? [] : ['--user', flags.user],
      dryRun: flags['dry-run'],
      templates: join(this.config.root, 'templates'),
      courier: [process.execPath, join(this.config.root, 'bin', 'run.js')],
      env: process.env,
      print: (line) => this.log(line),
    }).catch((error: unknown) => {
      if (error instanceof Fault) this.error(error.message, {exit: 1})
      throw error
    })
  }
}
