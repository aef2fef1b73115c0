/** `courier serve` as root, with its roles in processes of their own, over two system users and five accounts that share a uid. */
import {execFileSync} from 'node:child_process'
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {connect as connectTls} from 'node:tls'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {compile} from '../auth/support/scratch.js'
import {DialogueClient} from './dialogue-client.js'
import {freePorts, type ServerProcess, startCourier} from './server-process.js'

export const PASSWORD = 'pass'
/** `{SHA}` of the password. */
const HASH = '{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ='
export const VIRTUAL = {uid: 52_000, gid: 52_000}
export const VIRTUAL_NAMES = ['v1', 'v2', 'v3', 'v4', 'v5']

/** Making users and starting processes of others. */
export const canSeparate = process.geteuid?.() === 0 && existsSync('/usr/sbin/useradd') && existsSync('/usr/sbin/chpasswd')

/** A process of the server. */
export interface RoleOnHost {
  readonly pid: number
  readonly title: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly noNewPrivileges: boolean
  readonly environment: readonly string[]
}

export interface ProcessHost extends AsyncDisposable {
  readonly directory: string
  readonly port: number
  readonly tlsPort: number
  readonly systemNames: readonly string[]
  readonly homes: string
  server: ServerProcess
  /** How long the server took to start with all its processes, milliseconds: what this machine takes for such work now. */
  readonly startMs: number
  /** Starts the server again, as a service manager would. */
  again(): Promise<void>
  roles(): RoleOnHost[]
  /** The one process whose title begins so. */
  role(title: string): RoleOnHost
  connect(options?: {readonly tls?: boolean}): Promise<HostClient>
  login(user: string, options?: {readonly tls?: boolean}): Promise<HostClient>
  path(...names: string[]): string
  maildir(user: string): string
}

/** A client of the host. */
export class HostClient extends DialogueClient implements Disposable {
  readonly socket: ReturnType<typeof connect>
  #closed = false

  constructor(socket: ReturnType<typeof connect>) {
    super(socket)
    this.socket = socket
    socket.on('error', () => undefined)
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.#closed = true
      })
  }

  get closed(): boolean {
    return this.#closed
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function ids(user: string): {uid: number; gid: number} {
  const ask = (what: string) => Number(execFileSync('id', [what, user]).toString())
  return {uid: ask('-u'), gid: ask('-g')}
}

function makeMaildir(home: string, {uid, gid}: {readonly uid: number; readonly gid: number}): void {
  for (const part of ['', 'Maildir', 'Maildir/cur', 'Maildir/new', 'Maildir/tmp']) {
    mkdirSync(join(home, part), {recursive: true})
    chownSync(join(home, part), uid, gid)
    chmodSync(join(home, part), 0o700)
  }
}

function configure(directory: string, name: string, values: Record<string, string>): void {
  let text = readFileSync(resolve('templates', name), 'utf8')
  for (const [key, value] of Object.entries(values)) {
    const line = new RegExp(`^(# )?${key}=.*$`, 'm')
    text = line.test(text) ? text.replace(line, () => `${key}="${value}"`) : `${text}\n${key}="${value}"\n`
  }
  writeFileSync(join(directory, name), text)
}

/** Who the front runs as: the user of Debian's packages where it exists. */
export const FRONT_USER = readFileSync('/etc/passwd', 'latin1').includes('\ncourier:') ? 'courier' : 'nobody'

function makeSystemUsers(homes: string): string[] {
  return ['a', 'b'].map((letter) => {
    const name = `cr${letter}${process.pid.toString(36)}`
    execFileSync('/usr/sbin/useradd', ['-M', '-U', '-G', 'mail', '-d', join(homes, name), '-s', '/usr/sbin/nologin', name])
    execFileSync('/usr/sbin/chpasswd', ['-c', 'SHA512'], {input: `${name}:${PASSWORD}\n`})
    makeMaildir(join(homes, name), ids(name))
    return name
  })
}

/** Undefined when it has ended meanwhile. */
function processOf(pid: number): RoleOnHost | undefined {
  try {
    return described(pid)
  } catch {
    return undefined
  }
}

function described(pid: number): RoleOnHost {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const numbers = (name: string) =>
    (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '')
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number)
  return {
    pid,
    title: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim(),
    uid: numbers('Uid')[0] ?? -1,
    gid: numbers('Gid')[0] ?? -1,
    groups: numbers('Groups'),
    noNewPrivileges: numbers('NoNewPrivs')[0] === 1,
    environment: readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0'),
  }
}

/** The process and all below it, as far as they live. */
export function treeOf(root: number): RoleOnHost[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state !== 'Z') parents.set(Number(name), Number(parent))
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [root]
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child)
  return found.filter((pid) => parents.has(pid)).flatMap((pid) => processOf(pid) ?? [])
}

export interface ProcessHostOptions {
  readonly imapd?: Record<string, string>
  readonly env?: Record<string, string>
}

export async function processHost({imapd = {}, env = {}}: ProcessHostOptions = {}): Promise<ProcessHost> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-roles-'))
  chmodSync(directory, 0o755)
  const homes = join(directory, 'homes')
  mkdirSync(homes)
  const systemNames = makeSystemUsers(homes)
  for (const name of VIRTUAL_NAMES) makeMaildir(join(homes, name), VIRTUAL)
  const pamService = `courier-roles-${process.pid}`
  writeFileSync(`/etc/pam.d/${pamService}`, 'auth required pam_unix.so\naccount required pam_unix.so\n')
  const [port = 0, tlsPort = 0] = await freePorts(2)
  configure(directory, 'imapd', {
    PORT: `127.0.0.1.${port}`,
    MAXDAEMONS: '1000',
    MAXPERIP: '1000',
    MAILUSER: FRONT_USER,
    [`AUTHSERVICE${port}`]: pamService,
    [`AUTHSERVICE${tlsPort}`]: pamService,
    ...imapd,
  })
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(directory, 'cert.pem'), keyPem + certificatePem, {mode: 0o600})
  configure(directory, 'imapd-ssl', {
    SSLPORT: `127.0.0.1.${tlsPort}`,
    IMAPDSSLSTART: 'YES',
    TLS_CERTFILE: join(directory, 'cert.pem'),
  })
  configure(directory, 'authdaemonrc', {
    authmodulelist: 'authuserdb authpam',
    authdaemonvar: join(directory, 'authdaemon'),
    FAILED_LOGIN_SECONDS: '1',
  })
  const record = (name: string, {home = join(homes, name), uid = VIRTUAL.uid, gid = VIRTUAL.gid} = {}) =>
    `${name}\tuid=${uid}|gid=${gid}|home=${home}|mail=Maildir|systempw=${HASH}\n`
  const thief = record('thief', {home: join(homes, systemNames[0] ?? ''), uid: 52_001, gid: 52_001})
  writeFileSync(join(directory, 'userdb'), VIRTUAL_NAMES.map((name) => record(name)).join('') + thief, {mode: 0o600})
  await compile(join(directory, 'userdb'))

  const start = async () => {
    const server = startCourier(['serve', '--config', directory], {env: {COURIER_CACHE: join(directory, 'cache'), ...env}})
    if (await server.until('protocol=imaps')) return server
    await server[Symbol.asyncDispose]()
    throw new Error(`The server did not start: ${server.errors()}`)
  }
  const remove = () => {
    for (const name of systemNames) execFileSync('/usr/sbin/userdel', [name], {stdio: 'ignore'})
    rmSync(`/etc/pam.d/${pamService}`, {force: true})
    rmSync(directory, {recursive: true, force: true})
  }
  const began = performance.now()
  const server = await start().catch((error: unknown) => {
    remove()
    throw error
  })
  const host: ProcessHost = {
    directory,
    port,
    tlsPort,
    systemNames,
    homes,
    server,
    startMs: performance.now() - began,
    async again() {
      await host.server[Symbol.asyncDispose]()
      host.server = await start()
    },
    roles: () => treeOf(host.server.child.pid ?? 0),
    role(title) {
      const found = host.roles().find((each) => each.title.startsWith(title))
      if (!found) throw new Error(`There is no process "${title}"`)
      return found
    },
    async connect({tls = false} = {}) {
      const socket = tls
        ? connectTls({port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false})
        : connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true})
      return new HostClient(socket)
    },
    async login(user, options) {
      const client = await host.connect(options)
      await client.transcript(`
        S: * OK [CAPABILITY *
        C: login LOGIN ${user} ${PASSWORD}
        S: login OK LOGIN Ok.
      `)
      return client
    },
    path: (...names) => join(directory, ...names),
    maildir: (user) => join(homes, user, 'Maildir'),
    async [Symbol.asyncDispose]() {
      const {child} = host.server
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await Promise.race([host.server.ended(), sleep(3_000)])
      }
      await host.server[Symbol.asyncDispose]()
      remove()
    },
  }
  return host
}

/** Waits until it is so. @throws when it takes longer than `limitMs`, by default far longer than a busy machine needs */
export async function until(isSo: () => boolean | Promise<boolean>, what: string, limitMs = 15_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await isSo()); await sleep(10))
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`)
}
