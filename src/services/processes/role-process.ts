import type {ChildProcess, SendHandle} from 'node:child_process'
import type {Log} from '../../log/log.js'
import {BadSyntax} from '../../support/fault.js'
import type {InspectedParts} from '../control/inspected-parts.js'
import {boundChannel} from './bounded-channel.js'
import {watchLife} from './life-watch.js'
import type {Said} from './messages.js'
import {RemoteInspection} from './remote-inspection.js'
import {type RoleSpawn, spawnRole} from './spawn-role.js'

/** What a process says besides what its role says. */
type Line = Extract<Said, {readonly kind: 'json-line' | 'inspected'}>

export interface RoleProcessOptions<From> {
  readonly spawn: RoleSpawn
  /** What the process has sent. @throws {BadSyntax} when it makes no sense: the message is dropped */
  readonly read: (value: unknown) => From
  readonly take: (message: Exclude<From, Line>, handle: unknown) => void
  /** What can be asked about itself. */
  readonly parts: InspectedParts
  /** Takes lines for the JSON file of the log. */
  readonly jsonLine: (line: string) => void
  /** Called once, when the process has ended or could not be started. */
  readonly ended: () => void
  readonly log: Log
}

/** The longest is a line of a trace, escaped. */
const MAX_MESSAGE_OCTETS = 16 * 2 ** 20
/** After the time for an orderly end. */
const KILL_MS = 1_000

function isLine(message: unknown): message is Line {
  const {kind} = message as Said
  return kind === 'json-line' || kind === 'inspected'
}

/** One process of the server, as its parent has it. */
export class RoleProcess<To extends object, From> {
  readonly title: string
  readonly #options: RoleProcessOptions<From>
  readonly #child: ChildProcess
  readonly #inspection: RemoteInspection
  readonly #over: Promise<void>
  #end: () => void = () => undefined
  #endWatch: () => void = () => undefined
  #stopping = false
  #hasEnded = false

  constructor(options: RoleProcessOptions<From>) {
    this.#options = options
    this.title = options.spawn.title
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#child = spawnRole(options.spawn)
    this.#bound()
    this.#inspection = new RemoteInspection({
      title: this.title,
      send: (question) => {
        if (this.#child.connected) this.#child.send(question)
      },
      log: options.log,
    })
    this.#child.on('message', (value, handle: unknown) => this.#take(value, handle))
    this.#child.on('error', (error) => this.#lose(`cannot be started: ${error.message}`))
    // Not "exit": what it has said may still be on its way then.
    this.#child.on('close', (code, signal) => this.#lose(`ended with ${signal ?? code}`))
    // Questions come after its configuration, which is sent in this turn of the loop.
    setImmediate(() => {
      if (this.#hasEnded) return
      options.parts.add(this.#inspection)
      this.#endWatch = watchLife({
        answers: (limitMs) => this.#inspection.answers(limitMs),
        hangs: (afterMs) => {
          options.log.error('server.process-hangs', {role: this.title, reason: `No sign of life for ${afterMs / 1000} s: it is ended`})
          this.kill()
        },
      })
    })
  }

  /** One that says something without an end is not what was started. */
  #bound(): void {
    const {log} = this.#options
    const isBounded = boundChannel(this.#child, MAX_MESSAGE_OCTETS, () => {
      log.error('server.bad-message', {
        role: this.title,
        reason: `More than ${MAX_MESSAGE_OCTETS / 2 ** 20} MiB in one message: it is ended`,
      })
      this.kill()
    })
    if (!isBounded && this.#child.pid !== undefined)
      log.warning('server.no-message-limit', {role: this.title, reason: `Node ${process.version} has its channels somewhere else`})
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Resolves when the process has ended. */
  get over(): Promise<void> {
    return this.#over
  }

  #take(value: unknown, handle: unknown): void {
    try {
      const message = this.#options.read(value)
      if (!isLine(message)) this.#options.take(message as Exclude<From, Line>, handle)
      else if (message.kind === 'json-line') this.#options.jsonLine(message.line)
      else this.#inspection.take(message)
    } catch (error) {
      if (!(error instanceof BadSyntax)) throw error
      this.#options.log.error('server.bad-message', {role: this.title, reason: error.message})
    }
  }

  #lose(reason: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options.parts.delete(this.#inspection)
    this.#endWatch()
    this.#inspection.close()
    if (!this.#stopping) this.#options.log.error('server.process-ended', {role: this.title, reason})
    this.#options.ended()
    this.#end()
  }

  /** `sent`: it has left this process, or never will. */
  send(message: To, handle?: object, sent: () => void = () => undefined): void {
    if (this.#child.connected) this.#child.send(message, handle as SendHandle | undefined, {}, sent)
    else sent()
  }

  /** Asks it to end with a message that allows it `limitMs`, and ends it if that takes longer. */
  async stop(message: To, limitMs: number): Promise<void> {
    this.#stopping = true
    this.send(message)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limitMs + KILL_MS)
    await this.#over
    clearTimeout(timer)
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
