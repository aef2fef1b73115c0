import {join} from 'node:path'
import {Flags} from '@oclif/core'
import {askYes} from '../src/services/ask-password.js'
import {runConfigure} from '../src/services/configure/run-configure.js'
import {JsonCommand} from '../src/services/json-command.js'
import {errnoOf, Fault} from '../src/support/fault.js'
import {systemText} from '../src/support/system-text.js'

export default class Configure extends JsonCommand {
  static override summary = 'Install the configuration files, or bring those of an earlier Courier-IMAP up to date.'
  static override description = [
    'Puts imapd, imapd-ssl, pop3d, pop3d-ssl, authdaemonrc, imapd.cnf and pop3d.cnf in place. Settings of files that are there are kept where they still mean the same; the old file becomes FILE.bak, the shipped one is FILE.dist. Files of every version since 1.0 are understood, and what has to be done by hand is said.',
    'A second run changes nothing. --dry-run shows the changes as a diff, --undo takes the last run back.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %>',
    {
      description: "Courier-IMAP's directory, with authlib's beside it",
      command: '<%= config.bin %> <%= command.id %> --config /usr/lib/courier-imap/etc --auth-config /etc/authlib',
    },
    '<%= config.bin %> <%= command.id %> --undo',
  ]
  static override flags = {
    config: Flags.string({description: 'configuration directory [default: $COURIER_CONFIG or /etc/courier]'}),
    'auth-config': Flags.string({description: 'directory of authdaemonrc, when it is another one'}),
    'dry-run': Flags.boolean({char: 'n', description: 'show what would change, as a diff'}),
    undo: Flags.boolean({description: 'take the last run back'}),
    yes: Flags.boolean({char: 'y', description: 'make a directory that does not exist without asking, on a terminal too'}),
    force: Flags.boolean({char: 'f', description: 'merge files of the same version too; with --undo: also over later changes'}),
  }

  async run(): Promise<unknown> {
    const {flags} = await this.parse(Configure)
    try {
      return await runConfigure({
        config: flags.config,
        auth: flags['auth-config'],
        dryRun: flags['dry-run'],
        undo: flags.undo,
        force: flags.force,
        templates: join(this.config.root, 'templates'),
        env: process.env,
        print: (line) => this.log(line),
        confirm: process.stdin.isTTY && !flags.yes ? askYes : undefined,
      })
    } catch (error) {
      if (error instanceof Fault) return this.error(error.message, {exit: 1})
      const path = (error as NodeJS.ErrnoException).path
      if (errnoOf(error) !== undefined) return this.error(`${path ? `${path}: ` : ''}${systemText(error)}`, {exit: 1})
      throw error
    }
  }
}
