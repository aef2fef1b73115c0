/** The auth process as the front sees it. A check that is under way when it dies is asked again of the next one. */
import {connect, type Socket} from 'node:net'
import type {Authenticator, CheckResult, ExchangeStep} from '../../auth/account.js'
import type {Log} from '../../log/log.js'
import type {ServiceName} from '../server-configuration.js'
import {type FromAuthDesk, type PlainStep, readFrames, type ToAuthDesk, toAuthFrame} from './auth-wire.js'

export interface RemoteAuthOptions {
  /** The socket of the auth process. The supervisor keeps it open: whoever connects waits there for the next process. */
  readonly path: string
  readonly log: Log
  /** How long a login waits while no auth process lives; tests have their own. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 5_000
const RECONNECT_MS = 50

interface Waiting {
  readonly message: ToAuthDesk
  readonly answer: (message: Exclude<FromAuthDesk, {readonly kind: 'hello'}>) => void
  readonly giveUp: () => void
  /** It belongs to a state of the process that it was sent to, and cannot be asked of another. */
  readonly isBound: boolean
  patience: NodeJS.Timeout | undefined
}

const UNAVAILABLE: CheckResult = {outcome: 'unavailable', reason: 'The authentication process does not answer'}

/** A message without its number. */
type Question = ToAuthDesk extends infer Each ? (Each extends ToAuthDesk ? Omit<Each, 'request'> : never) : never

export class RemoteAuth {
  readonly #options: RemoteAuthOptions
  readonly #waiting = new Map<number, Waiting>()
  #socket: Socket | undefined
  /** Auth has said hello on the socket. */
  #lives = false
  #last = 0
  #closed = false

  constructor(options: RemoteAuthOptions) {
    this.#options = options
    this.#connect()
  }

  /** The authenticator for the connections of a service. */
  for(service: ServiceName): Authenticator {
    return {
      check: async (check) => {
        const reply = await this.#ask({kind: 'check', service, check}, false)
        return reply?.kind === 'checked' ? reply.result : UNAVAILABLE
      },
      begin: async (start) => this.#step(await this.#ask({kind: 'begin', service, start}, false)),
    }
  }

  close(): void {
    this.#closed = true
    this.#socket?.destroy()
    for (const number of [...this.#waiting.keys()]) this.#giveUp(number)
  }

  #step(reply: FromAuthDesk | undefined): ExchangeStep {
    if (reply?.kind !== 'step') return {kind: 'checked', result: UNAVAILABLE}
    const step: PlainStep = reply.step
    if (step.kind !== 'challenge') return step
    const {challenge, exchange, user} = step
    return {
      kind: 'challenge',
      user,
      challenge: Buffer.from(challenge, 'base64'),
      answer: async (response) => this.#step(await this.#ask({kind: 'answer', exchange, response}, true)),
    }
  }

  /** Undefined: auth could not be asked. */
  #ask(question: Question, isBound: boolean): Promise<Exclude<FromAuthDesk, {readonly kind: 'hello'}> | undefined> {
    return new Promise((resolve) => {
      const request = ++this.#last
      const waiting: Waiting = {
        message: {...question, request} as ToAuthDesk,
        answer: resolve,
        giveUp: () => resolve(undefined),
        isBound,
        patience: undefined,
      }
      if (this.#closed || (isBound && !this.#lives)) return waiting.giveUp()
      this.#waiting.set(request, waiting)
      if (this.#lives) this.#send(waiting)
      else this.#wait(request, waiting)
    })
  }

  #send(waiting: Waiting): void {
    clearTimeout(waiting.patience)
    waiting.patience = undefined
    this.#socket?.write(toAuthFrame(waiting.message))
  }

  #wait(request: number, waiting: Waiting): void {
    waiting.patience = setTimeout(() => this.#giveUp(request), this.#options.patienceMs ?? PATIENCE_MS)
  }

  #giveUp(request: number): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    clearTimeout(waiting?.patience)
    waiting?.giveUp()
  }

  #connect(): void {
    const socket = connect({path: this.#options.path})
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('close', () => this.#lost())
    readFrames(socket, (value) => this.#take(value as FromAuthDesk))
  }

  #take(message: FromAuthDesk): void {
    if (message.kind === 'hello') {
      this.#lives = true
      for (const waiting of this.#waiting.values()) this.#send(waiting)
      return
    }
    const waiting = this.#waiting.get(message.request)
    this.#waiting.delete(message.request)
    clearTimeout(waiting?.patience)
    waiting?.answer(message)
  }

  #lost(): void {
    if (this.#closed) return
    if (this.#lives && this.#waiting.size > 0)
      this.#options.log.warning('auth.lost', {reason: `${this.#waiting.size} logins wait for the next authentication process`})
    this.#lives = false
    for (const [request, waiting] of [...this.#waiting]) {
      if (waiting.isBound) this.#giveUp(request)
      else if (!waiting.patience) this.#wait(request, waiting)
    }
    setTimeout(() => this.#closed || this.#connect(), RECONNECT_MS)
  }
}
