import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {strongUserdbpwTool} from '../src/services/userdbpw-tool.js'

export default class UserdbPw extends Command {
  static override summary = 'Print the hash of a password, for userdb and others.'
  static override description = [
    'Asks for the password twice on a terminal; otherwise reads one line of standard input.',
    'Without an option: the strongest kind that this system verifies, yescrypt (it needs memory to guess, not time alone) or SHA-512-crypt; real Courier on it verifies them too. -md5: MD5-crypt, for very old systems. Called by its old name (install-links), the program makes DES without an option, as real Courier does, which only looks at the first 8 characters.',
    '-hmac-md5, -hmac-sha1, -hmac-sha256: for the fields of that name, which CRAM logins need. They are as good as the password to somebody who steals them.',
    '-scram-sha-256: for the field scram-sha-256pw, which SCRAM logins need (RFC 5803); somebody who steals it cannot log in with it.',
  ].join('\n\n')
  static override usage = ['userdbpw [-yescrypt|-sha512|-sha256|-md5|-hmac-md5|-hmac-sha1|-hmac-sha256|-scram-sha-256]']
  static override examples = [
    '<%= config.bin %> userdbpw | <%= config.bin %> userdb set ann@example.com systempw',
    '<%= config.bin %> userdbpw -hmac-sha256 | <%= config.bin %> userdb set ann@example.com hmac-sha256pw',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's options are long words after one dash.
    this.parsed = true
    await runTool(strongUserdbpwTool, this.argv, `${this.config.bin} userdbpw`)
  }
}
