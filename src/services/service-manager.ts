/**
 * Tells systemd how the server is, over the datagram socket in NOTIFY_SOCKET (sd_notify(3)); does nothing when it was started otherwise.
 *
 * The watchdog's signal of life comes from a timer of the event loop that serves: a loop that hangs sends none, and systemd restarts the server.
 */
import {type DatagramSocket, loadDatagrams, type SendProblem} from '../support/datagram-socket.js'

export interface ServiceManager {
  /** The ports are open, or a new configuration counts. `status` is shown by `systemctl status`. */
  ready(status: string): void
  /** The configuration is being read again. */
  reloading(): void
  stopping(): void
  close(): void
}

export interface ServiceManagerOptions {
  readonly env: NodeJS.ProcessEnv
  readonly pid: number
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly monotonicUsec?: () => bigint
  /** Loads what connects to a socket; throws when the system cannot. */
  readonly load?: () => (path: string) => DatagramSocket | undefined
  /** Takes why systemd is not told anything. */
  readonly onProblem: (reason: string) => void
}

const NOBODY: ServiceManager = {ready() {}, reloading() {}, stopping() {}, close() {}}

/** Microseconds between two signals of life that systemd expects; undefined: none (sd_watchdog_enabled(3)). */
function watchdogUsec({env, pid}: ServiceManagerOptions): number | undefined {
  const usec = Number(env.WATCHDOG_USEC)
  if (!Number.isSafeInteger(usec) || usec <= 0) return undefined
  return env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid) ? usec : undefined
}

class Systemd implements ServiceManager {
  readonly #connect: () => DatagramSocket | undefined
  readonly #options: ServiceManagerOptions
  readonly #timer: NodeJS.Timeout | undefined
  #socket: DatagramSocket | undefined

  constructor(connect: () => DatagramSocket | undefined, options: ServiceManagerOptions) {
    this.#connect = connect
    this.#options = options
    // Now: later the process may be a user who may not.
    this.#socket = connect()
    const usec = watchdogUsec(options)
    // Half of the time, as sd_watchdog_enabled(3) advises.
    if (usec !== undefined) this.#timer = setInterval(() => this.#tell({WATCHDOG: '1'}), usec / 2_000).unref()
  }

  #tell(state: Readonly<Record<string, string>>): void {
    const lines = Object.entries(state).map(([name, value]) => `${name}=${value}`)
    const problem = this.#send(Buffer.from(lines.join('\n')))
    if (problem !== undefined) this.#options.onProblem(`systemd was not told ${Object.keys(state)[0]}: its socket is ${problem}`)
  }

  #send(octets: Buffer): SendProblem | undefined {
    const problem = this.#socket?.send(octets) ?? (this.#socket ? undefined : 'gone')
    if (problem !== 'gone') return problem
    this.#socket?.close()
    this.#socket = this.#connect()
    return this.#socket ? this.#socket.send(octets) : 'gone'
  }

  ready(status: string): void {
    this.#tell({READY: '1', STATUS: status.replaceAll('\n', ' '), MAINPID: String(this.#options.pid)})
  }

  reloading(): void {
    const {monotonicUsec = () => process.hrtime.bigint() / 1000n} = this.#options
    this.#tell({RELOADING: '1', MONOTONIC_USEC: String(monotonicUsec()), STATUS: 'Reading the configuration'})
  }

  stopping(): void {
    this.#tell({STOPPING: '1', STATUS: 'Saying goodbye to sessions'})
  }

  close(): void {
    clearInterval(this.#timer)
    this.#socket?.close()
    this.#socket = undefined
  }
}

/** systemd, if it started this process and wants to be told. Programs that we start are not to speak for us: it is removed from `env`. */
export function serviceManager(options: ServiceManagerOptions): ServiceManager {
  const {env, load = loadDatagrams, onProblem} = options
  const path = env.NOTIFY_SOCKET
  if (!path || !/^[/@]/.test(path)) return NOBODY
  try {
    const connect = load()
    return new Systemd(() => connect(path), {...options})
  } catch (error) {
    onProblem(`systemd cannot be told anything: ${error instanceof Error ? error.message : String(error)}`)
    return NOBODY
  } finally {
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  }
}
