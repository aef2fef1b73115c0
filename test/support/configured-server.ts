/** A server's directory as `courier configure` makes it, on a port of its own; nothing of it reaches outside. */
import {chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {runConfigure} from '../../src/services/configure/run-configure.js'
import {withValues} from '../../src/services/demo/make-demo.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {freePorts} from './server-process.js'
import {temporaryDirectory} from './temporary-directory.js'

export interface ConfiguredServer extends Disposable {
  readonly directory: string
  /** Configuration directory. */
  readonly etc: string
  readonly port: number
  readonly tlsPort: number
  readonly pidFile: string
  readonly tlsPidFile: string
  /** For its processes. */
  readonly env: NodeJS.ProcessEnv
  /** Changes settings of a file. */
  set(file: string, values: Record<string, string>): void
}

/** `nobody`, whom a server that root starts becomes. */
const UNPRIVILEGED = 65_534

export async function configuredServer(): Promise<ConfiguredServer> {
  const {path: directory, [Symbol.dispose]: dispose} = temporaryDirectory()
  // The server that root starts is another user.
  chmodSync(directory, 0o755)
  const etc = join(directory, 'etc')
  const run = join(directory, 'run')
  await runConfigure({
    config: etc,
    auth: etc,
    dryRun: false,
    undo: false,
    force: false,
    templates: resolve('templates'),
    env: {},
    print: () => undefined,
  })
  for (const name of ['state', 'cache', 'run']) {
    mkdirSync(join(directory, name))
    if (process.geteuid?.() === 0) chownSync(join(directory, name), UNPRIVILEGED, UNPRIVILEGED)
  }
  const [port = 0, tlsPort = 0] = await freePorts(2)
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
  writeFileSync(join(etc, 'imapd.pem'), keyPem + certificatePem)
  const set = (file: string, values: Record<string, string>) => {
    const target = join(etc, file)
    writeFileSync(target, withValues(readFileSync(target, 'utf8'), values))
  }
  const [pidFile, tlsPidFile] = [join(run, 'imapd.pid'), join(run, 'imapd-ssl.pid')]
  set('imapd', {PORT: `127.0.0.1.${port}`, PIDFILE: pidFile})
  set('imapd-ssl', {SSLPORT: `127.0.0.1.${tlsPort}`, SSLPIDFILE: tlsPidFile})
  set('authdaemonrc', {authdaemonvar: join(run, 'authdaemon')})
  return {
    directory,
    etc,
    port,
    tlsPort,
    pidFile,
    tlsPidFile,
    env: {COURIER_RUN: run, COURIER_CACHE: join(directory, 'cache'), COURIER_STATE: join(directory, 'state')},
    set,
    [Symbol.dispose]: dispose,
  }
}
