/** Dovecot with its Maildir defaults. */
import {execFileSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {makeSelfSigned} from '../../../src/tls/self-signed.js'
import {freePorts} from '../../support/server-process.js'
import {
  ACCOUNTS,
  allExist,
  ended,
  groupFor,
  homeIn,
  listening,
  PASSWORD_HASH,
  type Server,
  type StartOptions,
  start,
  userOf,
} from './server.js'

const PROGRAM = '/usr/sbin/dovecot'

export const dovecotIsInstalled = () => process.getuid?.() === 0 && allExist(PROGRAM)

function configuration(base: string, {port, tlsPort}: {readonly port: number; readonly tlsPort: number}): string {
  const listener = (name: string, number: number, more = '') => `  inet_listener ${name} {\n    port = ${number}\n${more}  }\n`
  const listeners = listener('imap', port) + listener('imaps', tlsPort, '    ssl = yes\n')
  return `base_dir = ${base}/run
log_path = ${base}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${base}/etc/cert.pem
ssl_key = <${base}/etc/key.pem
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_max_userip_connections = 20000
first_valid_uid = 100
passdb {
  driver = passwd-file
  args = ${base}/etc/users
}
userdb {
  driver = passwd-file
  args = ${base}/etc/users
}
namespace inbox {
  inbox = yes
  separator = .
  prefix = INBOX.
}
service imap-login {
${listeners}  process_min_avail = 2
  service_count = 0
  client_limit = 6000
  vsz_limit = 1G
}
service imap {
  process_limit = 6000
  client_limit = 1
  service_count = 0
}
default_client_limit = 7000
default_process_limit = 7000
`
}

export async function startDovecot(options: StartOptions): Promise<Server> {
  const base = join(options.directory, 'dovecot')
  const etc = join(base, 'etc')
  mkdirSync(etc, {recursive: true})
  const [port = 0, tlsPort = 0] = await freePorts(2)
  const home = homeIn(base)
  const users = ACCOUNTS.map(
    (account) => `${userOf(account)}:{MD5-CRYPT}${PASSWORD_HASH}:${options.uid}:${options.gid}::${home(account)}\n`,
  )
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(etc, 'users'), users.join(''), {mode: 0o644})
  writeFileSync(join(etc, 'cert.pem'), certificatePem)
  writeFileSync(join(etc, 'key.pem'), keyPem, {mode: 0o600})
  writeFileSync(join(etc, 'dovecot.conf'), configuration(base, {port, tlsPort}))
  const group = groupFor('dovecot')
  const child = start(group, [PROGRAM, '-F', '-c', join(etc, 'dovecot.conf')])
  await listening(port, child)
  return {
    name: 'dovecot',
    port,
    tlsPort,
    roots: [child.pid ?? 0],
    group,
    dropIndex: (maildir) => void execFileSync('find', [maildir, '-maxdepth', '2', '-name', 'dovecot*.index*', '-delete']),
    settleMs: 150,
    maildir: (account) => join(home(account), 'Maildir'),
    async stop() {
      await ended(child)
      group.remove()
    },
  }
}
