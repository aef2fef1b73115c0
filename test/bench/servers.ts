/**
 * Starts the servers to compare: ours, and real Courier and Dovecot where they are installed.
 *
 * The originals need root, an ordinary user to own the mail, and (Courier) the accounts in `/etc/courier/userdb`, which
 * is put back afterwards. All have the same accounts u1 … u10@example.com with the password "pass" (MD5-crypt) and
 * Maildirs of their own. Only loopback is used.
 */
import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'

export interface Server {
  readonly name: 'ours' | 'courier' | 'dovecot'
  readonly port: number
  /** Process ids whose trees are the server. */
  readonly roots: readonly number[]
  /** Maildir of account `number`. */
  maildir(number: number): string
  /** Throws away what the server derived from the mail, so that the next look is a cold one. */
  dropIndex(): Promise<void>
  /** What an APPEND is worth when the power goes. */
  readonly durability: string
  stop(): Promise<void>
}

export interface StartOptions {
  readonly directory: string
  readonly uid: number
  readonly gid: number
}

/** "pass", MD5-crypt: the one scheme that all of them know. */
const HASH = '$1$bench$aWWkD7FWPe8pd.Kjpnsgx0'
const ACCOUNTS = 10

function userName(uid: number): string {
  return execFileSync('getent', ['passwd', String(uid)], {encoding: 'utf8'}).split(':')[0] ?? 'nobody'
}

async function listening(port: number, child?: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child && child.exitCode !== null) throw new Error(`The server for port ${port} ended with ${child.exitCode}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Nothing listens on port ${port}`)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
}

/** Our server, as `courier serve` runs it. */
export async function startOurs(root: string, {directory, uid, gid}: StartOptions): Promise<Server> {
  const base = join(directory, 'ours')
  const etc = join(base, 'etc')
  mkdirSync(etc, {recursive: true})
  const port = 4143
  writeFileSync(join(etc, 'imapd'), `ADDRESS=127.0.0.1\nPORT=${port}\nMAXDAEMONS=20000\nMAXPERIP=20000\nIMAPDSTART=YES\nIMAP_KEYWORDS=1\n`)
  writeFileSync(join(etc, 'imapd-ssl'), '')
  writeFileSync(join(etc, 'authdaemonrc'), 'authmodulelist="authuserdb"\n')
  const lines = Array.from({length: ACCOUNTS}, (_, at) => {
    const home = join(base, 'home', `u${at + 1}`)
    return `u${at + 1}@example.com\thome=${home}|mail=${home}/Maildir|uid=${uid}|gid=${gid}|systempw=${HASH}`
  })
  writeFileSync(join(etc, 'userdb'), `${lines.join('\n')}\n`, {mode: 0o600})
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${uid}:${gid}`, base])
  execFileSync(process.execPath, [join(root, 'bin/run.js'), 'makeuserdb', '-f', join(etc, 'userdb')], {stdio: 'inherit'})
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${uid}:${gid}`, base])
  const user = process.getuid?.() === 0 ? ['--user', userName(uid)] : []
  const child = spawn(process.execPath, [join(root, 'bin/run.js'), 'serve', 'imap', '--config', etc, ...user], {
    stdio: ['ignore', 'ignore', process.env.BENCH_LOG ? 'inherit' : 'ignore'],
    env: {...process.env, XDG_CACHE_HOME: join(base, 'cache'), XDG_STATE_HOME: join(base, 'state')},
  })
  await listening(port, child)
  return {
    name: 'ours',
    port,
    roots: [child.pid ?? 0],
    maildir: (number) => join(base, 'home', `u${number}`, 'Maildir'),
    dropIndex: async () => {},
    durability: 'message, UID file and directories are synced before the OK',
    stop: () => ended(child),
  }
}

export function courierIsInstalled(): boolean {
  return (
    process.getuid?.() === 0 &&
    existsSync('/usr/sbin/couriertcpd') &&
    existsSync('/usr/sbin/userdb') &&
    existsSync('/usr/lib/courier/courier-authlib/authdaemond')
  )
}

/** Real Courier-IMAP with its own authdaemond. */
export async function startCourier({directory, uid, gid}: StartOptions): Promise<Server> {
  const base = join(directory, 'courier')
  mkdirSync(base, {recursive: true})
  const port = 4243
  const saved = ['/etc/courier/userdb', '/etc/courier/userdb.dat', '/etc/courier/userdbshadow.dat'].filter((path) => existsSync(path))
  for (const path of saved) renameSync(path, `${path}.before-bench`)
  writeFileSync('/etc/courier/userdb', '', {mode: 0o600})
  for (let number = 1; number <= ACCOUNTS; number += 1) {
    const home = join(base, 'home', `u${number}`)
    execFileSync('/usr/sbin/userdb', [
      `u${number}@example.com`,
      'set',
      `home=${home}`,
      `mail=${home}/Maildir`,
      `uid=${uid}`,
      `gid=${gid}`,
      `systempw=${HASH}`,
    ])
  }
  execFileSync('/usr/sbin/makeuserdb')
  execFileSync('mkdir', ['-p', '/run/courier/authdaemon'])
  execFileSync('chown', ['courier:courier', '/run/courier', '/run/courier/authdaemon'])
  const daemon = spawn('/usr/lib/courier/courier-authlib/authdaemond', [], {
    stdio: 'ignore',
    env: {authmodulelist: 'authuserdb', daemons: '5', version: 'authdaemond', DEBUG_LOGIN: '0', DEFAULTOPTIONS: ''},
  })
  const env = {
    IMAP_CAPABILITY: 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE',
    IMAP_KEYWORDS: '1',
    IMAP_USELOCKS: '1',
    IMAP_ENHANCEDIDLE: '1',
    IMAP_EMPTYTRASH: 'Trash:7',
    PATH: '/usr/bin:/bin',
  }
  const args = [
    '-address=127.0.0.1',
    '-maxprocs=5000',
    '-maxperip=5000',
    '-nodnslookup',
    '-noidentlookup',
    String(port),
    '/usr/lib/courier/courier/imaplogin',
    '/usr/bin/imapd',
    'Maildir',
  ]
  const listener = spawn('/usr/sbin/couriertcpd', args, {stdio: 'ignore', env})
  await listening(port, listener)
  return {
    name: 'courier',
    port,
    roots: [listener.pid ?? 0, daemon.pid ?? 0],
    maildir: (number) => join(base, 'home', `u${number}`, 'Maildir'),
    dropIndex: async () => {},
    durability: 'nothing is synced',
    stop: async () => {
      await ended(listener)
      await ended(daemon)
      for (const path of ['/etc/courier/userdb', '/etc/courier/userdb.dat', '/etc/courier/userdbshadow.dat']) {
        rmSync(path, {force: true})
        if (existsSync(`${path}.before-bench`)) renameSync(`${path}.before-bench`, path)
      }
    },
  }
}

export function dovecotIsInstalled(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/sbin/dovecot')
}

/** Dovecot with its Maildir defaults. */
export async function startDovecot({directory, uid, gid}: StartOptions): Promise<Server> {
  const base = join(directory, 'dovecot')
  const etc = join(base, 'etc')
  mkdirSync(etc, {recursive: true})
  const port = 4343
  const users = Array.from(
    {length: ACCOUNTS},
    (_, at) => `u${at + 1}@example.com:{MD5-CRYPT}${HASH}:${uid}:${gid}::${join(base, 'home', `u${at + 1}`)}`,
  )
  writeFileSync(join(etc, 'users'), `${users.join('\n')}\n`, {mode: 0o644})
  const service = (name: string, settings: string) => `service ${name} {\n${settings}\n}`
  const lines = [
    `base_dir = ${base}/run`,
    `log_path = ${base}/log`,
    'protocols = imap',
    'listen = 127.0.0.1',
    'ssl = no',
    'disable_plaintext_auth = no',
    'mail_location = maildir:~/Maildir',
    'mail_max_userip_connections = 20000',
    'first_valid_uid = 100',
    `passdb {\n  driver = passwd-file\n  args = ${etc}/users\n}`,
    `userdb {\n  driver = passwd-file\n  args = ${etc}/users\n}`,
    'namespace inbox {\n  inbox = yes\n  separator = .\n  prefix = INBOX.\n}',
    service(
      'imap-login',
      `  inet_listener imap {\n    port = ${port}\n  }\n  inet_listener imaps {\n    port = 0\n  }\n  process_min_avail = 2\n  service_count = 0\n  client_limit = 6000\n  vsz_limit = 1G`,
    ),
    service('imap', '  process_limit = 6000\n  client_limit = 1\n  service_count = 0'),
    'default_client_limit = 7000',
    'default_process_limit = 7000',
  ]
  writeFileSync(join(etc, 'dovecot.conf'), `${lines.join('\n')}\n`)
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', join(etc, 'dovecot.conf')], {stdio: 'ignore'})
  await listening(port, child)
  return {
    name: 'dovecot',
    port,
    roots: [child.pid ?? 0],
    maildir: (number) => join(base, 'home', `u${number}`, 'Maildir'),
    dropIndex: async () => {
      for (let number = 1; number <= ACCOUNTS; number += 1) {
        const maildir = join(base, 'home', `u${number}`, 'Maildir')
        if (existsSync(maildir)) execFileSync('sh', ['-c', 'rm -f "$0"/dovecot.index* "$0"/.*/dovecot.index*', maildir])
      }
    },
    durability: 'message file synced (mail_fsync=optimized)',
    stop: () => ended(child),
  }
}
