import type {Log} from '../../log/log.js'
import type {Inspectable, RoleState, SessionFilter, SessionInfo, TraceRequest, TraceSink} from '../control/inspectable.js'
import type {Inspection, InspectionAnswer} from './inspection.js'

export interface RemoteInspectionOptions {
  /** Names the process in the log. */
  readonly title: string
  readonly send: (question: Inspection) => void
  readonly log: Log
  readonly answerMs?: number
}

/** A process whose event loop hangs does not answer. */
const ANSWER_MS = 5_000

interface Waiting {
  readonly settle: (answer: InspectionAnswer | undefined) => void
  /** Takes a part of a list; the process answers, so there is more time. */
  readonly more: (sessions: readonly SessionInfo[]) => void
}

type Question = {readonly what: 'sessions' | 'states' | 'life'} | {readonly what: 'kick'; readonly filter: SessionFilter}

/** Looks into another process. One that does not answer is left out, with a line in the log. */
export class RemoteInspection implements Inspectable {
  readonly #options: RemoteInspectionOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly #traces = new Map<number, TraceSink>()
  #last = 0

  constructor(options: RemoteInspectionOptions) {
    this.#options = options
  }

  /** Takes what the process says. */
  take(answer: InspectionAnswer): void {
    if (answer.traced) this.#traces.get(answer.request)?.(answer.traced)
    else if (answer.more) this.#waiting.get(answer.request)?.more(answer.sessions ?? [])
    else this.#settle(answer.request, answer)
  }

  /** The process has ended. */
  close(): void {
    for (const request of [...this.#waiting.keys()]) this.#settle(request, undefined)
    this.#traces.clear()
  }

  #settle(request: number, answer: InspectionAnswer | undefined): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    waiting?.settle(answer)
  }

  #ask(question: Question, limitMs = this.#options.answerMs ?? ANSWER_MS): Promise<InspectionAnswer | undefined> {
    const {title, send, log} = this.#options
    const request = ++this.#last
    const sessions: SessionInfo[] = []
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        log.warning('server.no-answer', {role: title, reason: `Nothing for ${limitMs / 1000} s`})
        this.#settle(request, undefined)
      }, limitMs)
      const settle = (answer: InspectionAnswer | undefined) => {
        clearTimeout(timer)
        resolve(answer && {...answer, sessions})
      }
      const more = (some: readonly SessionInfo[]) => {
        timer.refresh()
        sessions.push(...some)
      }
      this.#waiting.set(request, {settle, more})
      send({kind: 'inspect', request, ...question})
    })
  }

  async *sessions(): AsyncGenerator<readonly SessionInfo[], void> {
    yield (await this.#ask({what: 'sessions'}))?.sessions ?? []
  }

  async states(): Promise<readonly RoleState[]> {
    return (await this.#ask({what: 'states'}))?.states ?? []
  }

  /** Its event loop turns: it has answered in this time. */
  async answers(limitMs: number): Promise<boolean> {
    return (await this.#ask({what: 'life'}, limitMs)) !== undefined
  }

  async kick(filter: SessionFilter): Promise<number> {
    return (await this.#ask({what: 'kick', filter}))?.kicked ?? 0
  }

  trace(trace: TraceRequest, sink: TraceSink): () => void {
    const {send} = this.#options
    const request = ++this.#last
    this.#traces.set(request, sink)
    send({kind: 'inspect', request, what: 'trace', trace})
    return () => {
      if (this.#traces.delete(request)) send({kind: 'inspect', request, what: 'end'})
    }
  }
}
