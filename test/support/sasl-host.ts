/** `courier serve` with every SASL mechanism switched on, in a directory of its own, for clients that are real programs. */
import {execFileSync} from 'node:child_process'
import {generateKeyPairSync, type KeyObject, sign} from 'node:crypto'
import {once} from 'node:events'
import {chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {hmacContext} from '../../src/auth/hmac/context.js'
import {formatScramSecret, makeScramSecret} from '../../src/auth/scram/secret.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {compile} from '../auth/support/scratch.js'
import {freePorts, type ServerProcess, startCourier} from './server-process.js'

export const USER = 'ann@corp.example'
export const OTHER_USER = 'bob@corp.example'
export const PASSWORD = 'secret'
export const AUDIENCE = 'imap.example.com'

const STOCK = 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE'
const SWITCHED_ON = 'AUTH=CRAM-MD5 AUTH=CRAM-SHA1 AUTH=CRAM-SHA256 AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN'

export interface SaslHost extends AsyncDisposable {
  readonly directory: string
  readonly port: number
  readonly tlsPort: number
  readonly server: ServerProcess
  path(...names: string[]): string
  /** A signed token with these claims besides the good ones. */
  token(claims?: Record<string, unknown>): string
}

/** A token signed with EdDSA. */
export function signedToken(key: KeyObject, claims: Record<string, unknown>): string {
  const parts = [{alg: 'EdDSA', typ: 'JWT'}, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${parts}.${sign(null, Buffer.from(parts), key).toString('base64url')}`
}

/** An authority in `ca.pem` and a client's certificate in `client.pem` and `client.key`, made by OpenSSL's program. */
export function makeClientCertificate(directory: string, subject: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, {cwd: directory, stdio: 'pipe'})
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority', '-days', '2')
  openssl('req', ...key, '-keyout', 'client.key', '-out', 'client.csr', '-subj', subject)
  openssl('x509', '-req', '-in', 'client.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out', 'client.pem')
}

/** A template with these values, each in the place where the template sets it or speaks of it. */
function configure(directory: string, name: string, values: Record<string, string>): void {
  let text = readFileSync(resolve('templates', name), 'utf8')
  for (const [key, value] of Object.entries(values)) text = text.replace(new RegExp(`^(# )?${key}=.*$`, 'm'), () => `${key}="${value}"`)
  writeFileSync(join(directory, name), text)
}

/** A record with a secret for each mechanism. */
function record(user: string, {home, uid, gid}: {readonly home: string; readonly uid: number; readonly gid: number}): string {
  const password = Buffer.from(PASSWORD)
  const contexts = (['md5', 'sha1', 'sha256'] as const).map((digest) => `hmac-${digest}pw=${hmacContext(digest, password)}`)
  const scram = formatScramSecret(makeScramSecret(password, {salt: Buffer.from('0123456789abcdef'), iterations: 4096}))
  const hash = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
  return `${user}\t${[`uid=${uid}`, `gid=${gid}`, `home=${home}`, `systempw=${hash}`, ...contexts, `scram-sha-256pw=${scram}`].join('|')}\n`
}

export interface SaslHostOptions {
  /** Lines of userdb instead of those of `USER` and `OTHER_USER`; `MAILDIR` stands for the one Maildir there is. */
  readonly userdb?: string
  readonly certificates?: boolean
  /** Settings besides those that all have. */
  readonly imapd?: Readonly<Record<string, string>>
  readonly authdaemonrc?: Readonly<Record<string, string>>
  /** More words for `courier serve`; `DIRECTORY` stands for the host's. */
  readonly args?: readonly string[]
  readonly env?: (directory: string) => NodeJS.ProcessEnv
  /** Root stays root, so that the server is several processes. */
  readonly staysRoot?: boolean
  /** Before the server starts. */
  readonly prepare?: (directory: string) => Promise<void>
}

export async function saslHost({
  userdb,
  certificates = false,
  imapd = {},
  authdaemonrc = {},
  args: moreArgs = [],
  env,
  staysRoot = false,
  prepare,
}: SaslHostOptions = {}): Promise<SaslHost> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-sasl-'))
  chmodSync(directory, 0o755)
  const isRoot = process.getuid?.() === 0
  const [uid, gid] = isRoot ? [65_534, 65_534] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const home = join(directory, 'home')
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(home, 'Maildir', part), {recursive: true})
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost', '127.0.0.1'], days: 2, now: new Date()})
  writeFileSync(join(directory, 'cert.pem'), keyPem + certificatePem)
  writeFileSync(join(directory, 'server.pem'), certificatePem)
  const {publicKey, privateKey} = generateKeyPairSync('ed25519')
  writeFileSync(join(directory, 'keys.json'), JSON.stringify({keys: [{...publicKey.export({format: 'jwk'}), use: 'sig', kid: 'one'}]}))
  configure(directory, 'imapd', {IMAP_CAPABILITY: `${STOCK} ${SWITCHED_ON}`, ...imapd})
  if (certificates) makeClientCertificate(directory, `/O=Test/CN=Ann/emailAddress=${USER}`)
  const external = {TLS_TRUSTCERTS: join(directory, 'ca.pem'), TLS_VERIFYPEER: 'PEER', TLS_EXTERNAL: 'emailaddress'}
  configure(directory, 'imapd-ssl', {TLS_CERTFILE: join(directory, 'cert.pem'), ...(certificates ? external : {})})
  configure(directory, 'authdaemonrc', {
    authdaemonvar: join(directory, 'authdaemon'),
    OAUTH_KEYS: join(directory, 'keys.json'),
    OAUTH_AUDIENCE: AUDIENCE,
    OAUTH_ISSUER: 'https://login.example.com',
    FAILED_LOGIN_SECONDS: '1',
    ...authdaemonrc,
  })
  writeFileSync(
    join(directory, 'userdb'),
    userdb?.replaceAll('MAILDIR', join(home, 'Maildir')) ?? [USER, OTHER_USER].map((user) => record(user, {home, uid, gid})).join(''),
    {
      mode: 0o600,
    },
  )
  await compile(join(directory, 'userdb'))
  await prepare?.(directory)
  const all = ['.', ...readdirSync(directory, {recursive: true, encoding: 'utf8'})]
  if (isRoot) for (const name of all) chownSync(join(directory, name), uid, gid)
  const [port = 0, tlsPort = 0] = await freePorts(2)
  const ports = ['--port', `127.0.0.1.${port}`, '--tls-port', `127.0.0.1.${tlsPort}`]
  const args = ['serve', 'imap', 'imaps', '--config', directory, ...ports, ...moreArgs.map((word) => word.replace('DIRECTORY', directory))]
  const server = startCourier(args, {cwd: resolve('.'), env: env?.(directory) ?? {}, ...(isRoot && !staysRoot ? {uid, gid} : {})})
  if (!(await isListening(tlsPort, server))) throw new Error(server.errors())
  return {
    directory,
    port,
    tlsPort,
    server,
    path: (...names) => join(directory, ...names),
    token: (claims = {}) =>
      signedToken(privateKey, {
        iss: 'https://login.example.com',
        aud: AUDIENCE,
        email: USER,
        exp: Math.floor(Date.now() / 1000) + 600,
        ...claims,
      }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(directory, {recursive: true})
    },
  }
}

/** Its log may go elsewhere: what counts is that the port answers. */
async function isListening(port: number, server: ServerProcess): Promise<boolean> {
  while (server.child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const found = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (found) return true
    await sleep(50)
  }
  return false
}
