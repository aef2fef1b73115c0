import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {LineInput} from '../../support/line-input.js'

const MAX_LINE_OCTETS = 1024 * 1024
const RESPAWN_MS = 5000
const KILL_MS = 8000

export interface LoggedProgramOptions {
  readonly command: readonly string[]
  /** Start it again when it has ended. */
  readonly respawn: boolean
  /** Ids that it runs under; undefined: ours. */
  readonly ids: {readonly uid: number; readonly gid: number} | undefined
  readonly line: (octets: Buffer) => void
  readonly onStart: () => void
}

/** A program whose standard error is a log. */
export class LoggedProgram {
  readonly #options: LoggedProgramOptions
  #child: ChildProcess | undefined
  #restarts = false
  readonly #stopping = new AbortController()

  constructor(options: LoggedProgramOptions) {
    this.#options = options
  }

  /** Until it has ended and is not to be started again. */
  async run(): Promise<void> {
    const {respawn, onStart} = this.#options
    do {
      this.#restarts = false
      const ended = this.#start()
      onStart()
      await ended
      if (respawn && !this.#restarts && !this.#stopping.signal.aborted)
        await sleep(RESPAWN_MS, undefined, {signal: this.#stopping.signal}).catch(() => undefined)
    } while ((respawn || this.#restarts) && !this.#stopping.signal.aborted)
  }

  async #start(): Promise<void> {
    const {command, ids, line} = this.#options
    const [program = '', ...args] = command
    const child = spawn(program, args, {stdio: ['ignore', 'ignore', 'pipe'], ...ids})
    this.#child = child
    const exit = Promise.race([once(child, 'exit'), once(child, 'error').then(([error]) => line(Buffer.from(`ERR: ${program}: ${error}`)))])
    const lines = new LineInput(child.stderr, MAX_LINE_OCTETS)
    for (let next = await lines.next(); next !== undefined; next = await lines.next()) line(next)
    const [, signal] = (await exit) ?? []
    // Told to read its files anew, it may rather end.
    if (signal === 'SIGHUP') this.#restarts = true
  }

  hangUp(): void {
    this.#child?.kill('SIGHUP')
  }

  /** Ends it, by force when it takes long. */
  stop(): void {
    this.#stopping.abort()
    this.#child?.kill('SIGTERM')
    setTimeout(() => this.#child?.kill('SIGKILL'), KILL_MS).unref()
  }
}
