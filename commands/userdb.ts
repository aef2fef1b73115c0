import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {userdbTool} from '../src/services/userdb-tool.js'

export default class Userdb extends Command {
  static override summary = 'Change and show accounts in userdb text.'
  static override description = [
    'Changes count after "makeuserdb". A field without "=" gets its value from a line of standard input, so that no password stands in a list of processes. Fields: uid, gid, home (required), mail, quota, gecos, options, systempw, imappw, pop3pw, hmac-md5pw, and any other.',
    'Without -f, NAME is looked for in the userdb of the configuration directory; "sales/ann" is the account "ann" in its file "sales".',
    'Both orders are understood: "set NAME field=value" and the original "NAME set field=value".',
    'Options: -f FILE (another file), --config DIR (configuration directory), --json (with show).',
  ].join('\n\n')
  static override usage = [
    'userdb set [-f FILE] NAME FIELD=VALUE|FIELD...',
    'userdb unset [-f FILE] NAME FIELD...',
    'userdb del [-f FILE] NAME',
    'userdb show [-f FILE] [NAME] [--json]',
    'userdb [-f FILE] NAME set|unset|del [FIELD=VALUE|FIELD]...',
    'userdb -show [-f FILE] [NAME]',
    'userdb [-f FILE] - (commands from standard input, each on a line: NAME set FIELD=VALUE…, NAME unset FIELD…, NAME del)',
  ]
  static override examples = [
    '<%= config.bin %> userdb set ann@example.com uid=5000 gid=5000 home=/srv/mail/ann mail=Maildir',
    '<%= config.bin %> userdbpw -yescrypt | <%= config.bin %> userdb set ann@example.com systempw',
    '<%= config.bin %> userdb show ann@example.com --json',
    '<%= config.bin %> userdb -show -f /etc/courier/userdb',
    '<%= config.bin %> userdb sales/ann@example.com del',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments ("-show -f FILE") are not those of a usual parser.
    this.parsed = true
    await runTool(userdbTool, this.argv, `${this.config.bin} userdb`)
  }
}
