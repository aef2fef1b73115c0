import {type ChildProcessByStdio, spawn} from 'node:child_process'
import {once} from 'node:events'
import type {Readable, Writable} from 'node:stream'
import {Fault} from '../../../support/fault.js'
import type {PooledConnection} from '../connection-pool.js'

export interface PipeTimes {
  /** For a whole reply. */
  readonly replyMs: number
  /** For the next octets of an enumeration. */
  readonly enumerationMs: number
  /** After its input ended, until it is asked to end. */
  readonly graceMs: number
  /** From then on, until it is ended. */
  readonly killMs: number
}

export interface PipeProgramOptions {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  readonly times: PipeTimes
}

/**
 * A running authpipe program: requests on its input, replies on its output, one after the other (`spec/auth.md` §22). One that
 * ends, says something unasked or nothing in time is not used again.
 */
export class PipeProgram implements PooledConnection {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #times: PipeTimes
  #usable = true
  #received: string[] = []
  #wake: (() => void) | undefined

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, times: PipeTimes) {
    this.#child = child
    this.#times = times
    child.stdin.on('error', () => this.#end())
    child.on('exit', () => this.#end())
    child.stdout.on('end', () => this.#end())
    child.stdout.on('error', () => this.#end())
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      // Nobody asked for it: answers and requests are out of step.
      if (!this.#wake) this.#end()
      else this.#received.push(text)
      this.#wake?.()
    })
  }

  /** @throws {Error} when it cannot be started */
  static async start({path, environment, times}: PipeProgramOptions): Promise<PipeProgram> {
    const {PATH = '/usr/sbin:/usr/bin:/sbin:/bin'} = process.env
    const child = spawn(path, [], {cwd: '/', env: {PATH, ...environment}, stdio: ['pipe', 'pipe', 'inherit']})
    const program = new PipeProgram(child, times)
    await once(child, 'spawn')
    child.on('error', () => program.#end())
    return program
  }

  get usable(): boolean {
    return this.#usable
  }

  /**
   * The reply, up to where it is whole; with its last line missing when the program ended before.
   *
   * @throws {Fault} `unavailable` when it is too long or takes too long
   */
  async request(octets: Buffer, {isWhole, limit}: {isWhole: (reply: string) => boolean; limit: number}): Promise<string> {
    let reply = ''
    for await (const text of this.#replies(octets, {limitMs: this.#times.replyMs, isForAll: true})) {
      reply += text
      if (isWhole(reply)) return reply
      if (reply.length > limit) throw this.#fault('gives an endless reply')
    }
    return reply
  }

  /** The lines of a reply, without their ends, until the caller has enough or the program ends. */
  async *lines(octets: Buffer, limit: number): AsyncGenerator<string> {
    let rest = ''
    for await (const text of this.#replies(octets, {limitMs: this.#times.enumerationMs, isForAll: false})) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > limit) throw this.#fault('gives an endless line')
      yield* lines
    }
  }

  async close(): Promise<void> {
    this.#end()
    const {graceMs, killMs} = this.#times
    if (await this.#exits(graceMs)) return
    this.#child.kill('SIGTERM')
    if (await this.#exits(killMs)) return
    this.#child.kill('SIGKILL')
  }

  /** What the program says, as it comes, in one limit for all of it or for each part. Whoever stops early leaves the rest: the program is then out of step. */
  async *#replies(octets: Buffer, {limitMs, isForAll}: {limitMs: number; isForAll: boolean}): AsyncGenerator<string> {
    let start = performance.now()
    let isLate = false
    const timer = setInterval(
      () => {
        isLate = performance.now() - start >= limitMs
        if (isLate) this.#wake?.()
      },
      Math.min(limitMs, 250),
    )
    try {
      this.#wake = () => undefined
      this.#child.stdin.write(octets)
      while (this.#usable || this.#received.length > 0) {
        const text = this.#received.shift()
        if (text !== undefined) {
          if (!isForAll) start = performance.now()
          yield text
        } else if (isLate) throw this.#fault(`did not answer within ${limitMs / 1000} s`)
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      clearInterval(timer)
      this.#wake = undefined
      if (this.#received.length > 0 || isLate) this.#end()
      this.#received = []
    }
  }

  #fault(text: string): Fault {
    this.#end()
    return new Fault('unavailable', `The authpipe program ${text}`)
  }

  #end(): void {
    if (!this.#usable) return
    this.#usable = false
    this.#child.stdin.end()
    this.#wake?.()
  }

  async #exits(limitMs: number): Promise<boolean> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return true
    const signal = AbortSignal.timeout(limitMs)
    return once(this.#child, 'exit', {signal}).then(
      () => true,
      () => false,
    )
  }
}
