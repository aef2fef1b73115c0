import {Command} from '@oclif/core'
import {makeCertificateTool} from '../src/services/make-certificate-tool.js'
import {runTool} from '../src/services/run-tool.js'

export default class MkImapdCert extends Command {
  static override summary = 'Make a self-signed certificate for IMAP over TLS.'
  static override description = [
    'Writes imapd.pem in the configuration directory, or PATH.pem: the key, then the certificate; mode 0600. A file that is there is left alone (exit code 1), unless --force renews it.',
    'The subject and the names come from imapd.cnf (of OpenSSL or of GnuTLS), or from --name, which can be given several times; on a terminal they are asked for when both are missing or the file says localhost. The key is EC P-256; --rsa makes one for old clients, with $BITS bits.',
  ].join('\n\n')
  static override usage = ['mkimapdcert [--config DIR] [--name HOST]... [--days N] [--rsa] [--force] [PATH]']
  static override examples = ['<%= config.bin %> mkimapdcert', '<%= config.bin %> mkimapdcert --name mail.example.com --force']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(makeCertificateTool('imapd'), this.argv, `${this.config.bin} mkimapdcert`)
  }
}
