/**
 * Debian's programs of the authentication library with a configuration and a socket of the test's own: in a mount namespace in which
 * `/etc/courier` and `/run/courier/authdaemon`, whose paths are compiled in, are directories of the test.
 */
import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type ProgramResult, runProgram} from './run-program.js'

const SOCKET_DIRECTORY = '/run/courier/authdaemon'

/** Whether namespaces can be made: by root, where the kernel lets it. */
export function canMount(): boolean {
  return process.geteuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
}

export interface PrivateCourier extends AsyncDisposable {
  /** What is `/etc/courier` there. */
  readonly etc: string
  /** The socket, as seen from outside. */
  readonly socket: string
  readonly run: string
  /** A directory that has the same name in both worlds. */
  readonly directory: string
  /** Runs a program there. */
  program(
    path: string,
    args: readonly string[],
    options?: {readonly input?: string; readonly env?: NodeJS.ProcessEnv},
  ): Promise<ProgramResult>
  /** What `start` has started. */
  readonly children: readonly ChildProcess[]
  /** Starts a program there that runs until the end of the test. */
  start(path: string, args?: readonly string[]): ChildProcess
}

export async function privateCourier(files: Readonly<Record<string, string>> = {}): Promise<PrivateCourier> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-private-'))
  const [etc, run] = [join(directory, 'etc'), join(directory, 'run')]
  mkdirSync(etc)
  mkdirSync(run)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text, {mode: 0o600})
  const script = `mkdir -p ${SOCKET_DIRECTORY} && mount --bind "$1" /etc/courier && mount --bind "$2" ${SOCKET_DIRECTORY} && echo ready && exec sleep 600`
  const keeper = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', etc, run], {stdio: ['ignore', 'pipe', 'inherit']})
  await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'exit')])
  const inside = (path: string, args: readonly string[]) => ['-t', String(keeper.pid), '-m', '--', path, ...args]
  const started: ChildProcess[] = []
  return {
    etc,
    run,
    directory,
    socket: join(run, 'socket'),
    children: started,
    program: (path, args, options) => runProgram('nsenter', inside(path, args), options),
    start(path, args = []) {
      const child = spawn('nsenter', inside(path, args), {stdio: ['ignore', 'ignore', 'pipe']})
      started.push(child)
      return child
    },
    async [Symbol.asyncDispose]() {
      for (const child of started) {
        const closed = once(child, 'close')
        child.kill('SIGTERM')
        if (child.exitCode === null && child.signalCode === null) await closed
      }
      keeper.kill('SIGKILL')
      rmSync(directory, {recursive: true, force: true})
    },
  }
}
