import {Command} from '@oclif/core'
import {mkdhparamsTool} from '../src/services/mkdhparams-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class MkDhParams extends Command {
  static override summary = 'Make Diffie-Hellman parameters, for old TLS clients.'
  static override description = [
    'Writes the file that TLS_DHPARAMS in imapd-ssl names (dhparams.pem in the configuration directory), or the one in $TLS_DHPARAMS, with a new safe prime of $DH_BITS bits (2048; also low, medium, high, ultra). Takes seconds to minutes. Does nothing, and says nothing, while the file is younger than 26 days: made to be run from cron every month. --force replaces it anyway.',
    '--ffdhe: the well-known group of that size (RFC 7919), at once.',
  ].join('\n\n')
  static override usage = ['mkdhparams [--config DIR] [--ffdhe] [--force]']
  static override examples = ['<%= config.bin %> mkdhparams', '<%= config.bin %> mkdhparams --ffdhe']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(mkdhparamsTool, this.argv, `${this.config.bin} mkdhparams`)
  }
}
