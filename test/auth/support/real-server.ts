import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {chown, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {makeSelfSigned} from '../../../src/tls/self-signed.js'
import {runProgram} from '../../support/run-program.js'
import {freePorts} from '../../support/server-process.js'

interface RealServerOptions {
  readonly directory: string
  readonly port: number
  readonly command: readonly string[]
  readonly owner: Owner | undefined
  /** What ends it at once, with all its processes. */
  readonly end?: NodeJS.Signals
}

/** A server from Debian's packages in a directory of its own, on a port of its own. Ends only what it started. */
export class RealServer {
  readonly directory: string
  readonly port: number
  readonly #command: readonly string[]
  readonly #owner: Owner | undefined
  readonly #end: NodeJS.Signals
  #process: ChildProcess | undefined
  #said = ''

  constructor({directory, port, command, owner, end = 'SIGKILL'}: RealServerOptions) {
    this.directory = directory
    this.port = port
    this.#command = command
    this.#owner = owner
    this.#end = end
  }

  /** Returns when connections are accepted. */
  async start(): Promise<void> {
    const [program = '', ...args] = this.#command
    const child = spawn(program, args, {cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'], ...this.#owner})
    this.#process = child
    const hear = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString('latin1')).slice(-4000)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    for (let attempt = 0; attempt < 300; attempt += 1) {
      if (child.exitCode !== null) break
      if (await accepts(this.port)) return
      await pause(50)
    }
    throw new Error(`${program} does not serve: ${this.#said}`)
  }

  /** As a crash: nothing is closed in order. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(this.#end)
    await ended
  }

  /** Takes connections and answers nothing until it goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.directory, {recursive: true, force: true})
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Ids of a system user when we are root: servers refuse to be root's. */
async function ownerNamed(name: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const {stdout} = await runProgram('/usr/bin/getent', ['passwd', name])
  const [, , uid, gid] = stdout.split(':')
  if (!uid || !gid) throw new Error(`There is no user ${name}`)
  return {uid: Number(uid), gid: Number(gid)}
}

async function directoryOf(owner: Owner | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'courier-server-'))
  if (owner) await chown(directory, owner.uid, owner.gid)
  return directory
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Runs a program to its end as the server's user. @throws {Error} with what it printed */
function prepare(command: readonly string[], owner: Owner | undefined, cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = command
    const child = spawn(program, args, {cwd, stdio: ['ignore', 'pipe', 'pipe'], ...owner})
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${code}: ${said}`))))
  })
}

/** `cert.pem` and `key.pem` for the server; it trusts itself. */
async function writeCertificate(directory: string, owner: Owner | undefined): Promise<void> {
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost', '127.0.0.1'], days: 2, now: new Date()})
  for (const [name, text] of [
    ['cert.pem', certificatePem],
    ['key.pem', keyPem],
  ] as const) {
    await writeFile(join(directory, name), text, {mode: 0o600})
    if (owner) await chown(join(directory, name), owner.uid, owner.gid)
  }
}

export const SLAPD = '/usr/sbin/slapd'
export const MARIADBD = '/usr/sbin/mariadbd'
const POSTGRES_FOLDER = '/usr/lib/postgresql'

function postgresPrograms(): string | undefined {
  if (!existsSync(POSTGRES_FOLDER)) return undefined
  const versions = readdirSync(POSTGRES_FOLDER).map((version) => join(POSTGRES_FOLDER, version, 'bin'))
  return versions.find((folder) => existsSync(join(folder, 'initdb')))
}

export const HAS_POSTGRES = postgresPrograms() !== undefined

/** Superuser `postgres` without a password. */
export async function postgresServer(): Promise<RealServer> {
  const programs = postgresPrograms() ?? ''
  const owner = await ownerNamed('postgres')
  const directory = await directoryOf(owner)
  const [port = 0] = await freePorts(1)
  const data = join(directory, 'data')
  await prepare(
    [join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    owner,
    directory,
  )
  const settings = [
    'fsync=off',
    'ssl=on',
    `ssl_cert_file=${directory}/cert.pem`,
    `ssl_key_file=${directory}/key.pem`,
    'max_connections=20',
    'shared_buffers=8MB',
    `unix_socket_directories=${directory}`,
    'listen_addresses=127.0.0.1',
  ]
  await writeCertificate(directory, owner)
  const server = new RealServer({
    directory,
    port,
    owner,
    end: 'SIGQUIT',
    command: [join(programs, 'postgres'), '-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
  })
  await server.start()
  return server
}

/** User `root` without a password, reached by TCP. */
export async function mariadbServer(): Promise<RealServer> {
  const owner = await ownerNamed('mysql')
  const directory = await directoryOf(owner)
  const [port = 0] = await freePorts(1)
  const data = join(directory, 'data')
  await prepare(
    [
      '/usr/bin/mariadb-install-db',
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    owner,
    directory,
  )
  await writeCertificate(directory, owner)
  const server = new RealServer({
    directory,
    port,
    owner,
    command: [
      MARIADBD,
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${join(directory, 'socket')}`,
      `--ssl-cert=${join(directory, 'cert.pem')}`,
      `--ssl-key=${join(directory, 'key.pem')}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=8M',
      '--innodb-flush-log-at-trx-commit=2',
    ],
  })
  await server.start()
  return server
}

/** Suffix `dc=example`, administrator `cn=admin,dc=example` with the password `admin`. */
export async function ldapServer(entries: string, pem?: {readonly key: string; readonly certificate: string}): Promise<RealServer> {
  const directory = await directoryOf(undefined)
  const [port = 0] = await freePorts(1)
  await mkdir(join(directory, 'data'))
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  const lines = [
    ...schemas,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'allow bind_v2',
    `pidfile ${directory}/pid`,
    ...(pem ? [`TLSCertificateFile ${directory}/cert.pem`, `TLSCertificateKeyFile ${directory}/key.pem`] : []),
    'database mdb',
    'suffix "dc=example"',
    'rootdn "cn=admin,dc=example"',
    'rootpw admin',
    `directory ${directory}/data`,
    'access to attrs=userPassword by self write by anonymous auth by * none',
    'access to * by self write by * read',
    '',
  ]
  await writeFile(join(directory, 'slapd.conf'), lines.join('\n'))
  if (pem) {
    await writeFile(join(directory, 'cert.pem'), pem.certificate)
    await writeFile(join(directory, 'key.pem'), pem.key)
  }
  await writeFile(join(directory, 'entries.ldif'), entries)
  await prepare(['/usr/sbin/slapadd', '-f', join(directory, 'slapd.conf'), '-l', join(directory, 'entries.ldif')], undefined, directory)
  const command = [SLAPD, '-f', join(directory, 'slapd.conf'), '-h', `ldap://127.0.0.1:${port}/`, '-d', '0']
  const server = new RealServer({directory, port, owner: undefined, command})
  await server.start()
  return server
}
