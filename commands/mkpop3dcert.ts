import {Command} from '@oclif/core'
import {makeCertificateTool} from '../src/services/make-certificate-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class MkPop3dCert extends Command {
  static override summary = 'Make a self-signed certificate for POP3 over TLS.'
  static override description = [
    'Writes pop3d.pem in the configuration directory, or PATH.pem: the key, then the certificate; mode 0600. A file that is there is left alone (exit code 1), unless --force renews it.',
    'The subject and the names come from pop3d.cnf (of OpenSSL or of GnuTLS), or from --name, which can be given several times; on a terminal they are asked for when both are missing or the file says localhost. The key is EC P-256; --rsa makes one for old clients, with $BITS bits.',
  ].join('\n\n')
  static override usage = ['mkpop3dcert [--config DIR] [--name HOST]... [--days N] [--rsa] [--force] [PATH]']
  static override examples = ['<%= config.bin %> mkpop3dcert', '<%= config.bin %> mkpop3dcert --name mail.example.com --force']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(makeCertificateTool('pop3d'), this.argv, `${this.config.bin} mkpop3dcert`)
  }
}
