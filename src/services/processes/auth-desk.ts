/** Where auth answers fronts: checks passwords and plays SASL exchanges for them. */
import {createServer, type Server, type Socket} from 'node:net'
import type {Authenticator, ExchangeStep} from '../../auth/account.js'
import type {Log} from '../../log/log.js'
import {listenOn, type ServerHandle} from '../../net/server-handle.js'
import {BadSyntax} from '../../support/fault.js'
import type {ServiceName} from '../server-configuration.js'
import {type FromAuthDesk, frame, type PlainStep, readFrames, readToAuthDesk, type ToAuthDesk} from './auth-wire.js'

/** Exchanges of one front in which the client's next answer is awaited; the oldest is forgotten when there are more. */
const MAX_EXCHANGES = 20_000

type Answer = (response: Buffer) => Promise<ExchangeStep>

export interface AuthDeskOptions {
  /** @throws when the service is not configured */
  readonly authenticator: (service: ServiceName) => Authenticator
  readonly log: Log
}

export class AuthDesk {
  readonly #options: AuthDeskOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: AuthDeskOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.take(socket))
  }

  open(handle: ServerHandle): Promise<void> {
    return listenOn(this.#server, handle)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Answers a front. */
  take(socket: Socket): void {
    const front = new FrontAtDesk(this.#options, (message) => {
      if (!socket.destroyed) socket.write(frame(message))
    })
    this.#sockets.add(socket)
    socket.on('error', (error) => {
      if (error instanceof BadSyntax || error instanceof SyntaxError) this.#options.log.error('auth.bad-front', {reason: error.message})
    })
    socket.on('close', () => this.#sockets.delete(socket))
    readFrames(socket, (value) => void front.take(readToAuthDesk(value)))
    socket.write(frame({kind: 'hello'} satisfies FromAuthDesk))
  }
}

/** One front. */
class FrontAtDesk {
  readonly #options: AuthDeskOptions
  readonly #say: (message: FromAuthDesk) => void
  /** In the order in which they were begun. */
  readonly #exchanges = new Map<number, Answer>()
  #last = 0

  constructor(options: AuthDeskOptions, say: (message: FromAuthDesk) => void) {
    this.#options = options
    this.#say = say
  }

  /** Never rejects. */
  async take(message: ToAuthDesk): Promise<void> {
    const {request} = message
    try {
      if (message.kind === 'check') {
        const result = await this.#options.authenticator(message.service).check(message.check)
        this.#say({kind: 'checked', request, result})
      } else {
        this.#say({kind: 'step', request, step: this.#plain(await this.#next(message))})
      }
    } catch (error) {
      this.#options.log.error('auth.bug', {error})
      const result = {outcome: 'unavailable', reason: 'The check failed'} as const
      this.#say(message.kind === 'check' ? {kind: 'checked', request, result} : {kind: 'step', request, step: {kind: 'checked', result}})
    }
  }

  async #next(message: Exclude<ToAuthDesk, {readonly kind: 'check'}>): Promise<ExchangeStep> {
    if (message.kind === 'begin') return this.#options.authenticator(message.service).begin(message.start)
    const answer = this.#exchanges.get(message.exchange)
    this.#exchanges.delete(message.exchange)
    return answer ? answer(message.response) : {kind: 'failed', reason: 'bad-message'}
  }

  #plain(step: ExchangeStep): PlainStep {
    if (step.kind !== 'challenge') return step
    const exchange = ++this.#last
    this.#exchanges.set(exchange, step.answer)
    const [oldest] = this.#exchanges.keys()
    if (this.#exchanges.size > MAX_EXCHANGES && oldest !== undefined) this.#exchanges.delete(oldest)
    return {kind: 'challenge', user: step.user, challenge: step.challenge.toString('base64'), exchange}
  }
}
