/** Our server, as `courier serve` runs it. */
import {execFileSync} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {accountDirectory} from '../../../src/maildir/index/flat/flat-index.js'
import {makeSelfSigned} from '../../../src/tls/self-signed.js'
import {freePorts} from '../../support/server-process.js'
import {Probe} from './probe-client.js'
import {ended, groupFor, homeIn, listening, type Server, type StartOptions, start, userdbText} from './server.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const PROGRAM = join(ROOT, 'bin/run.js')
const PROBE = new URL('./probe.js', import.meta.url).href

function configure(etc: string, base: string, options: StartOptions & {readonly port: number; readonly tlsPort: number}): void {
  const {port, tlsPort} = options
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(etc, 'imapd.pem'), `${keyPem}${certificatePem}`, {mode: 0o600})
  const limits = 'MAXDAEMONS=20000\nMAXPERIP=20000\nIMAP_KEYWORDS=1\n'
  writeFileSync(join(etc, 'imapd'), `ADDRESS=127.0.0.1\nPORT=${port}\nIMAPDSTART=YES\nMAILUSER=${frontUser()}\n${limits}`)
  const tls = `TLS_VERIFYPEER=NONE\nTLS_CERTFILE=${join(etc, 'imapd.pem')}\n`
  writeFileSync(join(etc, 'imapd-ssl'), `SSLADDRESS=127.0.0.1\nSSLPORT=${tlsPort}\nIMAPDSSLSTART=YES\n${tls}`)
  writeFileSync(join(etc, 'authdaemonrc'), `authmodulelist="authuserdb"\nauthdaemonvar=${join(base, 'run')}\n`)
  writeFileSync(join(etc, 'userdb'), userdbText(base, options), {mode: 0o600})
}

function own(path: string, {uid, gid}: StartOptions): void {
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${uid}:${gid}`, path])
}

/** Who runs what is before the login, when the roles are separate. */
function frontUser(): string {
  return readFileSync('/etc/passwd', 'latin1').includes('\ncourier:') ? 'courier' : 'nobody'
}

const userName = (uid: number) => execFileSync('getent', ['passwd', String(uid)], {encoding: 'utf8'}).split(':')[0] ?? 'nobody'

/** Removes what is kept of an account's folders. */
function dropIndex(directory: string): void {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) if (name.includes('-')) rmSync(join(directory, name), {recursive: true})
}

export interface OursOptions extends StartOptions {
  /** The roles are processes of their own; else all is one process. */
  readonly separate?: boolean
}

export async function startOurs(options: OursOptions): Promise<Server> {
  const base = join(options.directory, 'ours')
  const etc = join(base, 'etc')
  mkdirSync(etc, {recursive: true})
  const [port = 0, tlsPort = 0] = await freePorts(2)
  configure(etc, base, {...options, port, tlsPort})
  own(base, options)
  execFileSync(process.execPath, [PROGRAM, 'makeuserdb', '-f', join(etc, 'userdb')], {stdio: 'inherit'})
  own(base, options)
  const user = process.getuid?.() === 0 && !options.separate ? ['--user', userName(options.uid)] : []
  const group = groupFor('ours')
  const cache = join(base, 'cache')
  const env = {
    ...process.env,
    COURIER_RUN: join(base, 'run'),
    COURIER_CACHE: cache,
    XDG_STATE_HOME: join(base, 'state'),
    BENCH_PROBE: join(base, 'probe'),
  }
  const node = [process.execPath, '--expose-gc', '--import', PROBE, ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? [])]
  const run = async () => {
    rmSync(join(base, 'probe'), {force: true})
    const begun = start(group, [...node, PROGRAM, 'serve', 'imap', 'imaps', '--config', etc, ...user], env)
    await listening(port, begun)
    return begun
  }
  let child = await run()
  return {
    name: 'ours',
    port,
    tlsPort,
    get roots() {
      return [child.pid ?? 0]
    },
    group,
    dropIndex: (maildir) => dropIndex(join(cache, 'index', String(options.uid), accountDirectory(maildir))),
    settleMs: 1300,
    // It is loaded into one process.
    ...(options.separate ? {} : {probe: new Probe(join(base, 'probe'))}),
    maildir: (account) => join(homeIn(base)(account), 'Maildir'),
    async restart() {
      await ended(child)
      child = await run()
    },
    async stop() {
      await ended(child)
      group.remove()
    },
  }
}
