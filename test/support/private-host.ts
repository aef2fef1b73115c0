/**
 * Debian's courier-imap as its packages left it, on a host of the test's own: namespaces in which `/etc` and the run and state
 * directories are copies, the loopback device is empty, and whatever was started ends with the test.
 */
import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {appendFileSync, chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {type ProgramResult, runProgram} from './run-program.js'
import {temporaryDirectory} from './temporary-directory.js'

const ETC = '/etc/courier'
/** What the packages install there and an administrator changes. */
export const DEBIAN_FILES = ['imapd', 'imapd-ssl', 'pop3d', 'pop3d-ssl', 'imapd.cnf', 'pop3d.cnf'] as const
const MADE_AT_INSTALLATION = ['authdaemonrc', 'imapd.pem', 'pop3d.pem', 'dhparams.pem']
const UID = 25_117

/** Why Debian's own files cannot be tested here; undefined: they can. */
export function missingForPrivateHost(): string | undefined {
  if (process.geteuid?.() !== 0) return 'it needs root'
  if (spawnSync('unshare', ['-m', '-n', '-p', '--fork', 'true']).status !== 0) return 'no namespaces can be made here'
  if (spawnSync('ip', ['-V']).status !== 0) return 'the program ip is not installed'
  const sums = spawnSync('dpkg-query', ['-W', '-f=${Conffiles}\n', 'courier-imap', 'courier-pop'], {encoding: 'utf8'}).stdout ?? ''
  for (const name of DEBIAN_FILES) {
    const path = join(ETC, name)
    if (!existsSync(path)) return `there is no ${path}`
    if (!sums.includes(` ${path} ${createHash('md5').update(readFileSync(path)).digest('hex')}`)) return `${path} has been changed`
  }
  return undefined
}

export interface PrivateHost extends AsyncDisposable {
  /** What is `/etc/courier` there. */
  readonly etc: string
  /** The one user, who has the password `pass` and an empty Maildir. */
  readonly user: string
  /** Runs a program there to its end. */
  program(path: string, ...args: string[]): Promise<ProgramResult>
  /** Starts one that runs until the end of the test. */
  start(path: string, ...args: string[]): ChildProcess
}

/** A copy with owner and rights. */
function copy(from: string, to: string): void {
  copyFileSync(from, to)
  const {uid, gid, mode} = statSync(from)
  chownSync(to, uid, gid)
  chmodSync(to, mode)
}

function directoryFor(path: string, like: string, mode: number): string {
  mkdirSync(path, {recursive: true})
  const {uid, gid} = statSync(like)
  chownSync(path, uid, gid)
  chmodSync(path, mode)
  return path
}

/** One more user in a copy of `/etc`: `postjane`. */
function addUser(etc: string, home: string): void {
  const hash = spawnSync('openssl', ['passwd', '-6', 'pass'], {encoding: 'utf8'}).stdout.trim()
  const line = {
    passwd: `postjane:x:${UID}:${UID}:Jane:${home}:/bin/sh`,
    shadow: `postjane:${hash}:19000:0:99999:7:::`,
    group: `postjane:x:${UID}:`,
  }
  for (const [name, text] of Object.entries(line)) appendFileSync(join(etc, name), `${text}\n`)
}

export async function privateHost(): Promise<PrivateHost> {
  const {path: directory, [Symbol.dispose]: dispose} = temporaryDirectory()
  chmodSync(directory, 0o755)
  // All of it: a file that is mounted alone, as the users are, is there no more once somebody puts another in place of the original.
  const wholeEtc = join(directory, 'etc')
  spawnSync('cp', ['-a', '/etc', wholeEtc])
  rmSync(join(wholeEtc, 'courier'), {recursive: true, force: true})
  const etc = directoryFor(join(wholeEtc, 'courier'), ETC, 0o755)
  for (const name of [...DEBIAN_FILES, ...MADE_AT_INSTALLATION]) copy(join(ETC, name), join(etc, name))
  for (const name of ['imapaccess', 'shared']) directoryFor(join(etc, name), ETC, 0o750)
  const run = directoryFor(join(directory, 'run'), '/var/lib/courier', 0o775)
  directoryFor(join(run, 'authdaemon'), '/var/lib/courier', 0o750)
  const state = directoryFor(join(directory, 'state'), '/var/lib/courier', 0o750)
  const cache = directoryFor(join(directory, 'cache'), '/var/lib/courier', 0o755)
  const home = join(directory, 'home')
  mkdirSync(home)
  addUser(wholeEtc, home)
  spawnSync('maildirmake', [join(home, 'Maildir')])
  spawnSync('chown', ['-R', `${UID}:${UID}`, home])
  mkdirSync('/var/cache/courier', {recursive: true})
  mkdirSync('/run/courier', {recursive: true})
  const mounts = {[wholeEtc]: '/etc', [run]: '/run/courier', [state]: '/var/lib/courier', [cache]: '/var/cache/courier'}
  const binds = Object.entries(mounts).map(([from, to]) => `mount --bind '${from}' ${to}`)
  const script = `mount --make-rprivate / && ${binds.join(' && ')} && ip link set lo up && echo ready && exec sleep 600`
  const keeper = spawn('unshare', ['-m', '-n', '-p', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'exit')])
  // The first process of the namespace, not the one that made it.
  const [first = ''] = readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'latin1').trim().split(' ')
  const inside = (path: string, args: readonly string[]) => ['-t', first, '-m', '-n', '-p', '--', path, ...args]
  return {
    etc,
    user: 'postjane',
    program: (path, ...args) => runProgram('nsenter', inside(path, args)),
    start: (path, ...args) => spawn('nsenter', inside(path, args), {stdio: ['ignore', 'pipe', 'pipe']}),
    async [Symbol.asyncDispose]() {
      const ended = once(keeper, 'exit')
      keeper.kill('SIGKILL')
      await ended
      dispose()
    },
  }
}
