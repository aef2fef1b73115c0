/** `courier serve` as a child process. */
import {type ChildProcess, spawn} from 'node:child_process'
import {randomInt} from 'node:crypto'
import {createSocket} from 'node:dgram'
import {once} from 'node:events'
import {chownSync, mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {rolesDirectory} from '../../src/config/places.js'

export interface ServerProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly output: () => string
  readonly errors: () => string
  /** Directory of its control socket. */
  readonly run: string
  /** Waits until the output or the errors hold the text; false when the process ended before. */
  until(text: string): Promise<boolean>
  /** The exit code once it has ended. */
  ended(): Promise<number | null>
}

/** Starts `courier ARGS`; as root's child it stays root. */
export function startCourier(
  args: readonly string[],
  {
    env: more = {},
    ...options
  }: {readonly cwd?: string; readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv} = {},
): ServerProcess {
  // Tests run side by side: each server has its own.
  const run = mkdtempSync(join(tmpdir(), 'courier-run-'))
  if (options.uid !== undefined) chownSync(run, options.uid, options.gid ?? options.uid)
  const env = {...process.env, COURIER_RUN: run, ...more}
  const child = spawn(process.execPath, [resolve('bin/run.js'), ...args], {stdio: ['ignore', 'pipe', 'pipe'], env, ...options})
  let output = ''
  let errors = ''
  let over = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const each of waiting) each()
  }
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
    wake()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
    wake()
  })
  const closed = once(child, 'close').then(() => {
    for (const directory of [run, rolesDirectory(run)]) rmSync(directory, {recursive: true, force: true})
    over = true
    wake()
  })
  const ended = async () => {
    await closed
    return child.exitCode
  }
  return {
    child,
    output: () => output,
    errors: () => errors,
    run,
    until: (text) =>
      new Promise((done) => {
        const look = () => {
          const found = output.includes(text) || errors.includes(text)
          if (!found && !over) return
          waiting.delete(look)
          done(found)
        }
        waiting.add(look)
        look()
      }),
    ended,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await closed
    },
  }
}

/**
 * Ports on the loopback address that are free now. They lie below those that the kernel gives to clients and to other
 * tests' servers. Nobody takes one before the server under test does: test processes reserve theirs by the UDP port of
 * the same number.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(12_000, 30_000)
    if (!ports.has(port) && (await isReserved(port)) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

/** For as long as this process lives. False: another one has it. */
function isReserved(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({port, address: '127.0.0.1', exclusive: true}, () => {
      socket.unref()
      resolve(true)
    })
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
