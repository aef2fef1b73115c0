/** Configuration files for a server under test. */
import {cpSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {withValues} from '../../src/services/demo/make-demo.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'

/** Puts `imapd`, `imapd-ssl`, `authdaemonrc` as shipped and a certificate into a directory; nothing of it reaches outside. */
export function writeServerFiles(directory: string): void {
  for (const name of ['imapd', 'imapd-ssl', 'authdaemonrc']) cpSync(resolve('templates', name), join(directory, name))
  const rc = join(directory, 'authdaemonrc')
  writeFileSync(rc, withValues(readFileSync(rc, 'utf8'), {authdaemonvar: join(directory, 'authdaemon')}))
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(directory, 'cert.pem'), keyPem + certificatePem)
  const ssl = readFileSync(join(directory, 'imapd-ssl'), 'utf8')
  writeFileSync(join(directory, 'imapd-ssl'), withValues(ssl, {TLS_CERTFILE: join(directory, 'cert.pem')}))
}
