import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {userdbpwTool} from '../src/services/userdbpw-tool.js'

export default class UserdbPw extends Command {
  static override summary = 'Print the hash of a password, for userdb and others.'
  static override description = [
    'Asks for the password twice on a terminal; otherwise reads one line of standard input.',
    '-yescrypt and -sha512 are the strong kinds (yescrypt needs a C library of 2020 or later). Without an option: DES, as real Courier prints it, which only looks at the first 8 characters. -md5: MD5-crypt.',
    '-hmac-md5, -hmac-sha1, -hmac-sha256: for the fields of that name, which CRAM logins need. They are as good as the password to somebody who steals them.',
    '-scram-sha-256: for the field scram-sha-256pw, which SCRAM logins need (RFC 5803); somebody who steals it cannot log in with it.',
  ].join('\n\n')
  static override usage = ['userdbpw [-yescrypt|-sha512|-sha256|-md5|-hmac-md5|-hmac-sha1|-hmac-sha256|-scram-sha-256]']
  static override examples = [
    '<%= config.bin %> userdbpw -yescrypt | <%= config.bin %> userdb set ann@example.com systempw',
    '<%= config.bin %> userdbpw -hmac-sha256 | <%= config.bin %> userdb set ann@example.com hmac-sha256pw',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's options are long words after one dash.
    this.parsed = true
    await runTool(userdbpwTool, this.argv, `${this.config.bin} userdbpw`)
  }
}
